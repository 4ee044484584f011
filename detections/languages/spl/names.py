"""Field names: out of their quotes, and without the data model's nodes before them."""

from __future__ import annotations

from functools import lru_cache

# The data sets of Splunk's Common Information Model, which a search on a data model writes before its fields. Those
# whose names are everyday words (User, Network, OS) are left out: they stand at the beginning of raw paths too.
NODES = frozenset({
    "account_management", "alerts", "all_application_state", "all_certificates", "all_changes", "all_databases",
    "all_email", "all_interprocess_messaging", "all_inventory", "all_performance", "all_risk", "all_sessions",
    "all_ticket_management", "all_traffic", "all_ueba_events", "allowed_traffic", "auditing_changes", "authentication",
    "blocked_traffic", "change", "database_instance", "database_query", "default_authentication", "dhcp",
    "dlp_incidents", "dns", "email", "endpoint", "endpoint_changes", "failed_authentication", "filesystem",
    "ids_attacks", "incident", "insecure_authentication", "instance_changes", "intrusion_detection", "jvm", "malware",
    "malware_attacks", "malware_operations", "network_changes", "network_resolution", "network_sessions",
    "network_traffic", "ports", "privileged_authentication", "processes", "proxy", "registry", "risk", "services",
    "ssl", "storage", "successful_authentication", "traffic_by_action", "ueba_anomalies", "update_errors", "updates",
    "vpn", "vulnerabilities", "web",
})  # fmt: skip


@lru_cache(maxsize=20_000)
def unquoted(written: str) -> str:
    """A name as written, without quotes around it."""
    name = written.strip()
    if len(name) > 1 and name[0] == name[-1] and name[0] in "\"'":
        name = name[1:-1]
    return name


@lru_cache(maxsize=20_000)
def without_nodes(name: str) -> str:
    """The field behind a data model's nodes, which may follow each other: All_Certificates.SSL.ssl_subject."""
    while True:
        node, dot, rest = name.partition(".")
        if not dot or not rest or node.lower() not in NODES:
            return name
        name = rest
