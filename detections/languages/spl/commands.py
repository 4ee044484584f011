"""SPL's commands by what they do to the rows and columns of a search."""

from __future__ import annotations

# A search may begin with these; they make their own rows.
GENERATING = frozenset({
    "audit", "datamodel", "dbinspect", "dbxquery", "eventcount", "findtypes", "from", "gentimes", "history",
    "inputcsv", "inputlookup", "loadjob", "makeresults", "mcatalog", "metadata", "metasearch", "mpreview", "mstats",
    "multisearch", "pivot", "rest", "savedsearch", "search", "searchtxn", "set", "summary", "tstats", "typeahead",
    "union", "walklex",
})  # fmt: skip

# These neither test anything nor make a column that a later test could mean.
NEUTRAL = frozenset({
    "abstract", "analyzefields", "arules", "associate", "cluster", "cofilter", "collect", "concurrency", "contingency",
    "correlate", "dedup", "delete", "diff", "extract", "fieldformat", "fieldsummary", "filldown", "fillnull", "format",
    "fromjson", "gauge", "geom", "head", "highlight", "iconify", "kv", "kvform", "localize", "localop",
    "makecontinuous", "makemv", "mcollect", "meventcollect", "multikv", "mvcombine", "mvexpand", "nomv", "noop",
    "outlier", "outputcsv", "outputlookup", "outputtext", "overlap", "redistribute", "relevancy", "reltime", "replace",
    "require", "return", "reverse", "scrub", "selfjoin", "sendalert", "sendemail", "setfields", "sort", "tags", "tail",
    "tojson", "transpose", "trendline", "tscollect", "typer", "uniq", "untable", "x11", "xmlkv", "xmlunescape",
    "xyseries",
})  # fmt: skip

# These select rows by something that is not part of the search, or in a language of their own.
UNREAD = frozenset({
    "dbxquery", "geomfilter", "loadjob", "mpreview", "pivot", "run", "savedsearch", "script", "searchtxn", "walklex",
})  # fmt: skip

# These make columns whose names the search does not say.
OPENING = {"apply": "eval", "fit": "eval", "anomalydetection": "eval", "anomalousvalue": "eval", "anomalies": "eval",
           "predict": "eval", "kmeans": "eval", "summary": "eval", "score": "eval", "sample": "eval"}  # fmt: skip

# The bracketed searches of these are read as searches of their own.
COMBINING = frozenset({
    "join", "append", "appendcols", "appendpipe", "union", "multisearch", "set", "map", "foreach",
})  # fmt: skip

AGGREGATING = frozenset({
    "chart", "eventstats", "geostats", "sichart", "sistats", "sitimechart", "stats", "streamstats", "timechart",
})  # fmt: skip

FIELD_MAKING = AGGREGATING | frozenset({
    "accum", "addcoltotals", "addinfo", "addtotals", "autoregress", "bin", "bucket", "convert", "cyberchef",
    "delta", "discretize", "erex", "eval", "fields", "inputcsv", "inputlookup", "iplocation",
    "lookup", "rangemap", "rare", "rename", "rex", "sirare", "sitop", "spath",
    "strcat", "table", "top", "transaction", "transam", "xpath",
})  # fmt: skip

TESTING = frozenset({"search", "metasearch", "where", "regex", "tstats", "mstats", "mcatalog"})

KNOWN = GENERATING | NEUTRAL | UNREAD | OPENING.keys() | COMBINING | FIELD_MAKING | TESTING

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
