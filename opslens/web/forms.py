from django.forms.renderers import TemplatesSetting


class Renderer(TemplatesSetting):
    """Forms are rendered by this project's own templates."""

    form_template_name = "web/_form.html"
    field_template_name = "web/_field.html"
