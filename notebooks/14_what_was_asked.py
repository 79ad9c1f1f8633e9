# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown] tags=["nl"]
# # Wat is gevraagd, en hoe is het bekeken?
#
# De vragen van de evaluatie gaan over de theorie achter het programma, over wat er is gedaan en bereikt, over wat deelnemen bedrijven bracht, en
# over de digitalisering van de industrie. Geen bron beantwoordt ze alle:
#
# | bron | wat zij kan laten zien | wat niet |
# |---|---|---|
# | registers van het statistiekbureau | wie meedoet, en of hun omzet en investeringen anders liepen dan die van andere bedrijven | waardoor, zolang het jaar van toetreding onbekend is |
# | enquête onder deelnemers | wat deelnemers zelf aan het programma toeschrijven | wat zonder het programma was gebeurd; wie niet antwoordde |
# | monitor en agenda's | activiteiten, middelen en streefwaarden door de jaren | of die er zonder het programma ook waren geweest |
# | oordeel van de evaluatoren | welke doelen van projecten zijn gehaald | hoe groot het verschil was |
#
# Deelnemers worden vergeleken met bedrijven van dezelfde grootte en sector. Een verschil heeft een betrouwbaarheidsinterval; ligt nul daarin, dan
# is het verschil niet van nul te onderscheiden, en dat is iets anders dan geen verschil. Cijfers waaruit een bedrijf te herkennen zou zijn,
# worden niet getoond; alle figuren en tabellen zijn daarvoor samen beschermd.
#
# Elke uitspraak heeft een bewijskracht. *Doelrealisatie* zegt of iets is gebeurd. *Samenhang* zegt of deelnemers verschillen van anderen: dat kan
# ook komen doordat andere bedrijven meedoen. Alleen *effect* zegt dat het programma het deed.

# %% [markdown] tags=["en"]
# # What was asked, and how was it looked into?
#
# The questions of the evaluation are about the theory behind the programme, about what was done and reached, about what taking part brought to
# firms, and about the digitalisation of manufacturing. No source answers all of them:
#
# | source | what it can show | what it cannot |
# |---|---|---|
# | registers of the statistical office | who takes part, and whether their revenue and investment moved otherwise than those of other firms | why, as long as the year of entry is unknown |
# | survey of participants | what participants themselves credit the programme with | what would have happened without it; who did not answer |
# | monitor and agendas | activities, funds and targets over the years | whether these would have been there without the programme |
# | judgement of the evaluators | which goals of projects were reached | how large the difference was |
#
# Participants are compared with firms of the same size and sector. A difference has a confidence interval; where zero lies in it the difference
# cannot be told from zero, which is another thing than no difference. Figures from which a firm could be recognised are not shown; all
# figures and tables are protected together for that.
#
# Each statement has a strength of evidence. *Goal attainment* says whether something happened. *Association* says whether participants differ
# from others: that may also be because other firms take part. Only *effect* says that the programme did it.
