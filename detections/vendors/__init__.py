"""The table of vendors: whose rules are read."""

from detections.vendors import elastic, sigmahq, splunk
from detections.vendors.vendor import Vendor

VENDORS: dict[str, Vendor] = {vendor.slug: vendor for vendor in (sigmahq.VENDOR, elastic.VENDOR, splunk.VENDOR)}
