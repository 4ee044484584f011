"""What people use: the Django site. The Celery app is handed on so that `shared_task` finds it."""

from catalog.celery import app as celery_app

__all__ = ["celery_app"]
