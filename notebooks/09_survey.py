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
se.show(tables["dialogic_table_12"], study.chart("dialogic_table_12"))

# %%
se.show(tables["dialogic_figure_53"], study.chart("dialogic_figure_53"))

# %%
se.show(tables["dialogic_figure_54"], study.chart("dialogic_figure_54"))

# %%
se.show(tables["dialogic_figure_55"], study.chart("dialogic_figure_55"))

# %%
se.show(tables["dialogic_figure_56"], study.chart("dialogic_figure_56"))

# %%
se.show(tables["survey_years_involved"], study.chart("survey_years_involved"))

# %%
se.show(tables["survey_hours"], study.chart("survey_hours"))

# %% [markdown] tags=["nl"]
# ## Lijken zij op alle deelnemers?
#
# Naast de respondenten staan de deelnemers in het register, voor zover dat hun aantallen mag tonen; de andere klassen staan bij elkaar.
# Zonder register staan hier alleen de respondenten.

# %% [markdown] tags=["en"]
# ## Are they like all participants?
#
# Beside the respondents stand the participants in the register, as far as their numbers may be shown; the other classes stand together.
# Without a register only the respondents stand here.

# %%
se.show(tables["survey_nonresponse"], study.chart("survey_nonresponse"))

# %%
se.show(tables["survey_nonresponse_size"], study.chart("survey_nonresponse_size"))

# %% [markdown] tags=["nl"]
# ## Waar werken de ondernemingen aan?

# %% [markdown] tags=["en"]
# ## What do the firms work on?

# %%
se.show(tables["dialogic_figure_41"], study.chart("dialogic_figure_41"))

# %%
se.show(tables["dialogic_figure_42"], study.chart("dialogic_figure_42"))

# %%
se.show(tables["survey_position_nets"], study.chart("survey_position_nets"))

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
se.show(tables["survey_attributed"], study.chart("survey_attributed"))

# %%
se.show(tables["dialogic_figure_44"], study.chart("dialogic_figure_44"))

# %%
se.show(tables["survey_impact_nets"], study.chart("survey_impact_nets"))

# %%
se.show(tables["survey_impact_weighted"], study.chart("survey_impact_weighted"))

# %%
se.show(tables["dialogic_figure_45"], study.chart("dialogic_figure_45"))

# %%
se.show(tables["survey_continue"], study.chart("survey_continue"))

# %%
se.show(tables["survey_suggestions"], study.chart("survey_suggestions"))

# %% [markdown] tags=["nl"]
# ## Antwoorden die niet kunnen kloppen
#
# Een gemiddelde van een klein aantal ingevulde getallen is gevoelig voor één vergissing.

# %% [markdown] tags=["en"]
# ## Answers that cannot be right
#
# A mean of a few numbers that people filled in is sensitive to one slip.

# %%
se.show(tables["survey_doubts"], study.chart("survey_doubts"))

# %%
se.show(tables["dialogic_table_13"], study.chart("dialogic_table_13"))

# %%
se.show(tables["survey_plausibility"], study.chart("survey_plausibility"))

# %%
se.show(tables["dialogic_figure_57"], study.chart("dialogic_figure_57"))
