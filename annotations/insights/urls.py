from django.urls import path

from annotations.insights import views

app_name = "insights"
_PAGES = (
    ("insights/", "figures", views.site, "site"),
    ("read/<str:slug>/insights/", "figures", views.article, "article"),
    ("team/<slug:session>/insights/", "figures", views.session, "session"),
    ("codebook/usage/", "usage", views.usage, "usage"),
    ("codebook/<int:book>/usage/", "usage", views.usage, "usage-of-session"),
)
urlpatterns = [path(address, view, name=name) for address, _, view, name in _PAGES]
urlpatterns += [
    path(f"{address}{file}.{form}", view, {"form": form}, name=f"{name}-{form}")
    for address, file, view, name in _PAGES
    for form in ("csv", "json")
]
