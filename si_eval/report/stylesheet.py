"""The look of tables and of the document, on screen and on paper. Nothing in it is fetched."""

TABLE_CSS = """
.si-table{overflow-x:auto;font:14px/1.35 system-ui,"Segoe UI","DejaVu Sans",Arial,sans-serif;color:#1a1a1a}
.si-table table{border-collapse:collapse;width:auto;max-width:100%;font-variant-numeric:tabular-nums}
.si-table caption{text-align:left;font-weight:700;padding:0 0 .45em;caption-side:top}
.si-table caption small{display:block;font-weight:400;color:#5a5a5a}
.si-table th,.si-table td{padding:.28em .6em;border:0;border-bottom:1px solid #e2e2e2;vertical-align:top;
text-align:right;background:none}
.si-table thead th{font-weight:600;border-bottom:1px solid #8a8a8a;vertical-align:bottom}
.si-table thead .gt_column_spanner_outer{text-align:center;border-bottom:0}
.si-table .gt_column_spanner{display:block;border-bottom:1px solid #8a8a8a}
.si-table th.gt_left,.si-table td.gt_left,.si-table th.gt_stub{text-align:left;font-weight:400}
.si-table th.gt_group_heading{text-align:left;font-weight:600;padding-top:.75em;border-bottom:1px solid #8a8a8a}
.si-table td small,.si-table th small{display:block;color:#5a5a5a;font-size:.76em;font-weight:400}
.si-table td small.told{text-align:left;font-size:.85em}
.si-table td b,.si-table td span{white-space:nowrap}
.si-text details{margin:.4em 0}
.si-text summary{cursor:pointer;font-weight:600;font-size:1em;color:inherit}
.si-text table{width:100%}
.si-text thead th:first-child{text-align:left}
.si-text caption{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.si-text td{white-space:nowrap}
.si-table tfoot td{text-align:left;border:0;color:#4a4a4a;font-size:.82em;padding:.1em .6em}
.si-table tfoot tr:first-child td{border-top:1px solid #8a8a8a;padding-top:.5em}
.si-table .si-synthetic{display:inline-block;border:1px solid #6b2147;background:#f7e9f1;color:#6b2147;font-size:.72em;
font-weight:700;padding:.05em .5em;letter-spacing:.04em}
"""

DOCUMENT_CSS = """
:root{--ink:#1a1a1a;--grey:#555;--rule:#d9d9d9;--accent:#004b7a}
*{box-sizing:border-box}
html{scroll-padding-top:1rem}
body{margin:0;color:var(--ink);background:#fff;font:16px/1.6 system-ui,"Segoe UI","DejaVu Sans",Arial,sans-serif}
main{max-width:54rem;padding:1.5rem 1.5rem 4rem;margin:0 auto;overflow-wrap_text:break-word}
a{color:var(--accent)}
h1{font-size:1.9rem;line-height:1.2;margin:.5rem 0 .6rem}
h2{font-size:1.5rem;line-height:1.25;margin:3rem 0 .8rem;padding-top:1rem;border-top:2px solid var(--accent)}
h3{font-size:1.15rem;margin:2rem 0 .4rem}
h4{font-size:1rem;margin:1.5rem 0 .3rem}
p,li{max-width:44rem}
.number{color:var(--accent);margin-right:.25em}
.date{color:var(--grey);margin:.2rem 0}
.banner{border-left:4px solid #6b2147;background:#f7e9f1;color:#4d1733;padding:.5rem .9rem;margin:1rem 0}
nav{padding:1rem 1.5rem;border-bottom:1px solid var(--rule);font-size:.88rem;line-height:1.4;background:#f7f8f9}
nav .head{font-weight:700;margin:.2rem 0 .5rem}
nav ol{list-style:none;margin:0;padding:0}
nav ol ol{padding-left:1.1rem;margin:.15rem 0 .4rem}
nav li{margin:.28rem 0}
nav a{text-decoration:none;color:var(--ink)}
nav a:hover,nav a:focus{text-decoration:underline}
.switch{text-transform:uppercase;font-size:.8rem}
.exhibit{margin:1.6rem 0 1.4rem;padding:0}
.exhibit figcaption{margin-bottom:.5rem;line-height:1.4}
.exhibit figcaption .topic{display:block;color:var(--grey);font-size:.9em}
.exhibit img{display:block;border:1px solid var(--rule);border-radius:3px}
.exhibit .si-table caption{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);
white-space:nowrap}
.si-synthetic{display:inline-block;border:1px solid #6b2147;background:#f7e9f1;color:#6b2147;font-size:.68em;
font-weight:700;padding:0 .45em;letter-spacing:.04em;vertical-align:middle;white-space:nowrap}
.si-word{color:#6b2147;border-bottom:1px dotted #6b2147;font-size:.75em}
small.id{color:#6a6a6a;font:.72em ui-monospace,"DejaVu Sans Mono",monospace}
.answer{margin:1.3rem 0;padding-left:1rem;border-left:3px solid var(--accent);max-width:46rem}
.answer p{margin:.35rem 0}
.answer .question{font-weight:700}
.answer .none{color:var(--grey)}
.si-evidence{display:block;color:var(--grey);font-size:.8rem}
details{margin:.4rem 0}
details summary{cursor:pointer;color:var(--grey);font-size:.82rem}
details.numbers{margin-top:.5rem}
details.code pre{background:#f4f5f6;border:1px solid var(--rule);padding:.7rem .9rem;overflow-x:auto;
font-size:.8rem;line-height:1.45}
code{font-family:ui-monospace,"DejaVu Sans Mono",monospace;font-size:.88em}
main p+table,main>section>table{border-collapse:collapse;margin:1rem 0;font-size:.92rem}
main>section>table th,main>section>table td{border-bottom:1px solid var(--rule);padding:.3rem .7rem;text-align:left;
vertical-align:top}
ul.exhibits{list-style:none;padding:0}
blockquote{margin:1rem 0;padding:.1rem 1rem;border-left:3px solid var(--rule);color:#333}
@media (min-width:70rem){
body{display:grid;grid-template-columns:18rem minmax(0,1fr)}
nav{position:sticky;top:0;height:100vh;overflow-y:auto;border-bottom:0;border-right:1px solid var(--rule)}
}
@media print{
@page{size:A4;margin:18mm 16mm}
body{display:block;font-size:10.5pt}
main{max-width:none;padding:0}
nav{position:static;height:auto;overflow:visible;background:none;border:0;padding:0;break-after:page}
details.code,.switch{display:none}
h2{break-before:page;margin-top:0}
#exhibits h2,section:first-of-type h2{break-before:auto}
h2,h3,h4,figcaption,details.numbers summary{break-after:avoid}
figcaption,.answer,.exhibit img,.exhibit>.si-table:not(.si-text),tr{break-inside:avoid}
.exhibit img{max-width:100%}
.si-table{overflow:visible;font-size:9pt}
a{color:inherit;text-decoration:none}
}
"""

# Numbers behind a figure are folded on screen and must be on paper; statements that agree are counted on paper.
# A table that is wider than the page is scrolled by keyboard too.
PAGE_SCRIPT = (
    'document.querySelectorAll("img[data-same]").forEach(i=>i.src=document.getElementById(i.dataset.same).src);'
    'addEventListener("beforeprint",()=>document.querySelectorAll("details.numbers").forEach(d=>d.open=true));'
    'const reach=()=>document.querySelectorAll(".si-table").forEach(t=>{if(t.scrollWidth>t.clientWidth){t.tabIndex=0;'
    't.setAttribute("role","group");const c=t.querySelector("caption");'
    'if(c)t.setAttribute("aria-label",c.textContent)}});'
    'reach();addEventListener("load",reach);addEventListener("resize",reach);'
    'document.querySelectorAll("details").forEach(d=>d.addEventListener("toggle",reach));'
)
