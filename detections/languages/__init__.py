"""The table of languages: name to the module that reads it. A language that is not here is stored, not parsed."""

READERS = {
    "sigma": "detections.languages.sigma.reader",
    "kql": "detections.languages.kql.reader",
    "eql": "detections.languages.eql.reader",
    "lucene": "detections.languages.lucene.reader",
    "spl": "detections.languages.spl.reader",
    "dsl": "detections.languages.dsl.reader",
    "esql": "detections.languages.esql.reader",
}
