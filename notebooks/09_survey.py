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
# # Enquête
#
# Wat zeggen deelnemers zelf dat het fieldlab hun bracht? De antwoorden zelf zijn niet openbaar; hier staan gesimuleerde antwoorden met
# de gepubliceerde aantallen. Dit hoofdstuk volgt paragraaf 5.3 en bijlage 7. De bron toonde kleine aantallen en dit hoofdstuk doet
# dat ook; voor een eigen enquête is dat geen regel.

# %% [markdown] tags=["en"]
# # Survey
#
# What do participants themselves say that the fieldlab brought them? The answers themselves are not public; these are simulated
# answers with the published counts. This chapter follows section 5.3 and appendix 7. The source showed small counts and this
# chapter does too; for a survey of your own that is no rule.

# %%
import si_eval as se

study = se.open_study()
tables = se.study_tables(study)

# %% [markdown] tags=["nl"]
# ## Wie antwoordde er?

# %% [markdown] tags=["en"]
# ## Who answered?

# %%
se.show(tables["dialogic_table_11"], study.chart("dialogic_table_11"))

# %%
se.show(tables["survey_nonresponse"], study.chart("survey_nonresponse"))

# %%
se.show(tables["dialogic_figure_53"], study.chart("dialogic_figure_53"))

# %%
se.show(tables["dialogic_figure_56"], study.chart("dialogic_figure_56"))

# %% [markdown] tags=["nl"]
# ## Waar werken de ondernemingen aan?

# %% [markdown] tags=["en"]
# ## What do the firms work on?

# %%
se.show(tables["dialogic_figure_41"], study.chart("dialogic_figure_41"))

# %%
se.show(tables["dialogic_figure_42"], study.chart("dialogic_figure_42"))

# %% [markdown] tags=["nl"]
# ## Wat bracht het fieldlab?
#
# Dit is wat respondenten ervaren. Wie antwoordt is vaker tevreden dan wie zwijgt, en niemand weet wat er zonder fieldlab was gebeurd.

# %% [markdown] tags=["en"]
# ## What did the fieldlab bring?
#
# This is what respondents perceive. Those who answer are more often content than those who are silent, and nobody knows what would
# have happened without the fieldlab.

# %%
se.show(tables["dialogic_figure_43"], study.chart("dialogic_figure_43"))

# %%
se.show(tables["dialogic_figure_44"], study.chart("dialogic_figure_44"))

# %%
se.show(tables["survey_impact_nets"], study.chart("survey_impact_nets"))

# %%
se.show(tables["dialogic_figure_45"], study.chart("dialogic_figure_45"))

# %% [markdown] tags=["nl"]
# ## Antwoorden die niet kunnen kloppen
#
# Een gemiddelde van een klein aantal ingevulde getallen is gevoelig voor één vergissing.

# %% [markdown] tags=["en"]
# ## Answers that cannot be right
#
# A mean of a few numbers that people filled in is sensitive to one slip.

# %%
se.show(tables["dialogic_table_13"], study.chart("dialogic_table_13"))

# %%
se.show(tables["survey_plausibility"], study.chart("survey_plausibility"))

# %%
se.show(tables["dialogic_figure_57"], study.chart("dialogic_figure_57"))
