"""SPL's commands by what they do to the rows and columns of a search."""

from __future__ import annotations

# A search may begin with these; they make their own rows.
GENERATING = frozenset({
    "search", "tstats", "mstats", "inputlookup", "from", "datamodel", "makeresults", "rest", "savedsearch", "loadjob",
    "metadata", "dbinspect", "eventcount", "multisearch", "union", "mcatalog", "pivot", "set", "gentimes", "mpreview",
    "typeahead", "dbxquery", "walklex", "metasearch", "findtypes", "history", "audit", "searchtxn", "tscollect",
})  # fmt: skip

# These neither test anything nor make a column that a later test could mean.
NEUTRAL = frozenset({
    "dedup", "sort", "head", "tail", "reverse", "uniq", "fillnull", "filldown", "makemv", "mvcombine", "mvexpand",
    "nomv", "xmlkv", "xmlunescape", "extract", "kv", "kvform", "multikv", "replace", "outputlookup", "outputcsv",
    "collect", "sendemail", "sendalert", "makecontinuous", "fieldformat", "fieldsummary", "fromjson", "tojson",
    "format", "return", "localize", "localop", "noop", "redistribute", "reltime", "rangemap", "setfields", "tags",
    "typer", "xyseries", "untable", "transpose", "gauge", "highlight", "iconify", "outlier", "abstract", "analyzefields",
    "outputtext", "require", "script", "run", "spl1", "cofilter", "diff", "erex", "addinfo", "selfjoin", "cluster",
    "concurrency", "contingency", "correlate", "delta", "expand", "flatten", "folderize", "input", "mcollect", "meventcollect",
    "overlap", "relevancy", "trendline", "x11", "arules", "associate", "delete", "dump", "accum", "autoregress",
    "collapse", "awssnsalert", "geom", "geomfilter", "geostats", "getworkflow", "bucketdir", "crawl", "scrub", "strcat",
    "tscollect", "cyberchef",
})  # fmt: skip

# These make columns whose names the search does not say.
OPENING = {"apply": "eval", "fit": "eval", "anomalydetection": "eval", "anomalousvalue": "eval", "anomalies": "eval",
           "predict": "eval", "kmeans": "eval", "summary": "eval", "score": "eval", "sample": "eval"}  # fmt: skip

# The bracketed searches of these are read as searches of their own.
COMBINING = frozenset({
    "join", "append", "appendcols", "appendpipe", "union", "multisearch", "set", "map", "foreach",
})  # fmt: skip

FIELD_MAKING = frozenset({
    "eval", "rename", "rex", "spath", "xpath", "lookup", "iplocation", "stats", "sistats", "chart", "timechart", "eventstats",
    "streamstats", "addtotals", "addcoltotals", "top", "rare", "sitop", "sirare", "sichart", "sitimechart",
    "transaction", "transam", "bin", "bucket", "discretize", "convert", "fields", "table", "inputlookup", "inputcsv",
})  # fmt: skip

TESTING = frozenset({"search", "where", "regex", "tstats", "mstats"})

KNOWN = GENERATING | NEUTRAL | OPENING.keys() | COMBINING | FIELD_MAKING | TESTING

# Macros that every installation has or that stand for a place to put one's own exceptions: undefined, they say nothing.
PLUMBING = frozenset({
    "drop_dm_object_name", "security_content_ctime", "security_content_summariesonly", "ctime", "summariesonly",
})  # fmt: skip

# What the search grammar takes for the time range or the data model's node, not for tests.
MODIFIERS = frozenset({
    "earliest", "latest", "_index_earliest", "_index_latest", "starttime", "endtime", "timeformat", "nodename",
    "startdaysago", "starthoursago", "startminutesago", "startmonthsago", "starttimeu", "endtimeu",
    "enddaysago", "endhoursago", "endminutesago", "endmonthsago", "searchtimespandays", "searchtimespanhours",
    "searchtimespanminutes", "searchtimespanmonths", "daysago", "hoursago", "minutesago", "monthsago",
})  # fmt: skip
