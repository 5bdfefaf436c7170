from django.apps import AppConfig


class OpsLensConfig(AppConfig):
    name = "opslens"
    verbose_name = "OpsLens"

    def ready(self) -> None:
        from opslens import checks  # noqa: F401  (registers the system checks)
