from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticFiles(CompressedManifestStaticFilesStorage):
    """Static files under names that carry their digest, compressed once. ES modules import one another by
    relative path, so their imports are rewritten too."""

    support_js_module_import_aggregation = True

    def url_converter(self, name, hashed_files, template=None):
        if name.startswith("django_htmx/"):
            # These name TypeScript types in comments, as import("../htmx"), which is no file.
            return lambda match: match[0]
        return super().url_converter(name, hashed_files, template)
