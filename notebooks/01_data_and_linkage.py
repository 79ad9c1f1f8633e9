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
# # Gegevens en koppeling
#
# Welke bedrijven van de deelnemerslijst zijn terug te vinden in de registers, en welke niet? Dit hoofdstuk volgt bijlage 6
# van de evaluatie: van de deelnemerslijst via personen naar bedrijfseenheden, per jaar.

# %% [markdown] tags=["en"]
# # Data and linkage
#
# Which firms on the list of participants can be found in the registers, and which cannot? This chapter follows appendix 6
# of the evaluation: from the list of participants through persons to business units, year by year.

# %%
import si_eval as se

study, extract = se.open_reference()
linkage = se.link_participants(extract)
public = study.file.disclosure.public_units
panel = se.build_panel(extract, linkage, rules=study.file.rule_set(), public_units=public)

# %% [markdown] tags=["nl"]
# ## Zijn de gegevens aannemelijk?
#
# Bij het inlezen is gekeken of de bestanden kunnen zijn wat hun naam zegt: bedragen in één eenheid, personen die bij de
# grootteklasse passen, één classificatie van activiteiten, één sleutel voor elk nummer, geen jaar of kwartaal dubbel of weg. De
# tabel telt per toets de jaren en tabellen die zijn bekeken en die afwijken. Een grove afwijking stopt de evaluatie, tenzij de
# studie haar met reden aanvaardt; die reden staat er dan bij.

# %% [markdown] tags=["en"]
# ## Are the data plausible?
#
# Reading the files, it was checked whether they can be what their names say: amounts in one unit, persons that fit the size
# class, one classification of activities, one key for each number, no year or quarter twice or gone. The table counts, by check,
# the years and tables that were looked at and those that depart. A gross departure stops the evaluation unless the study accepts
# it with a reason, which is then printed.

# %%
tables = se.study_tables(study, panel, linkage)
se.show(tables["plausibility"], study.chart("plausibility"))

# %% [markdown] tags=["nl"]
# ## Hoeveel deelnemers zijn gevonden?
#
# Een deelnemer is een uniek inschrijfnummer. Waar een persoon in een jaar bij meer bedrijfseenheden hoort, telt de eenheid
# waarbij hij dat jaar het langst hoorde; bij gelijke duur de grootste, en dan het laagste nummer.

# %% [markdown] tags=["en"]
# ## How many participants were found?
#
# A participant is a distinct registration number. Where a person belongs to several business units in a year, the unit to
# which it belonged longest counts; where equally long the largest, and then the lowest number.

# %%
linked, unit_choice = tables["dialogic_table_06"], tables["dialogic_table_07"]
se.show(linked, study.chart("dialogic_table_06"))

# %%
se.say(
    "Van {listed} regels op de lijst zijn er {unique} uniek; {lost} daarvan leiden niet naar een persoon. In 2014 zijn {first} bedrijfseenheden gekoppeld, in 2019 {last}.",
    "Of {listed} rows on the list {unique} are unique; {lost} of these lead to no person. In 2014 {first} business units were linked, in 2019 {last}.",
    listed=se.cell(linked, indicator="participants_listed"),
    unique=se.cell(linked, indicator="participants_unique"),
    lost=se.cell(linked, indicator="participants_without_person"),
    first=se.cell(linked, indicator="linked_units", year=2014),
    last=se.cell(linked, indicator="linked_units", year=2019),
)

# %% [markdown] tags=["nl"]
# ## Is de bedrijfseenheid het goede niveau?
#
# Omzet en investeringen staan op bedrijfseenheden. Hoort een kleine eenheid bij een grote groep, dan kan omzet van de groep op
# de kleine eenheid zijn geboekt. De regels van 2020 laten daarom een eenheid met een extreme waarde weg als haar groep in een
# hogere grootteklasse valt.

# %% [markdown] tags=["en"]
# ## Is the business unit the right level?
#
# Revenue and investment are known for business units. Where a small unit belongs to a large group, revenue of the group may
# be booked on the small unit. The rules of 2020 therefore set aside a unit with an extreme value if its group is in a higher
# size class.

# %%
se.show(unit_choice, study.chart("dialogic_table_07"))

# %%
se.say(
    "De regel zet {revenue} eenheid opzij voor de omzet en {investment} voor de investeringen, voor alle jaren.",
    "The rule sets aside {revenue} unit for revenue and {investment} for investment, for all years.",
    revenue=se.cell(linked, indicator="outliers_revenue"),
    investment=se.cell(linked, indicator="outliers_investment"),
)
