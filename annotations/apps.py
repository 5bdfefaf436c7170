from django.apps import AppConfig


class AnnotationsConfig(AppConfig):
    name = "annotations"
    verbose_name = "Annotations"

    def ready(self) -> None:
        from annotations.carrying import on_revision_published
        from opslens.articles.signals import revision_published

        revision_published.connect(on_revision_published, dispatch_uid="annotations.carrying")
