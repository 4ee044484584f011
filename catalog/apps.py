"""The site as a Django app."""

from django.apps import AppConfig


class CatalogConfig(AppConfig):
    name = "catalog"
    verbose_name = "Catalog"

    def ready(self) -> None:
        from catalog.api import token_scheme  # noqa: F401  drf-spectacular finds what is imported
