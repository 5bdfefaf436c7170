from django.urls import path

from annotations.insights import views

app_name = "insights"
urlpatterns = [
    path("insights/", views.site, name="site"),
    path("insights/figures.csv", views.site, {"form": "csv"}, name="site-csv"),
    path("insights/figures.json", views.site, {"form": "json"}, name="site-json"),
    path("read/<str:slug>/insights/", views.article, name="article"),
    path("read/<str:slug>/insights/figures.csv", views.article, {"form": "csv"}, name="article-csv"),
    path("read/<str:slug>/insights/figures.json", views.article, {"form": "json"}, name="article-json"),
    path("team/<slug:session>/insights/", views.session, name="session"),
    path("team/<slug:session>/insights/figures.csv", views.session, {"form": "csv"}, name="session-csv"),
    path("team/<slug:session>/insights/figures.json", views.session, {"form": "json"}, name="session-json"),
    path("codebook/usage/", views.usage, name="usage"),
    path("codebook/usage/usage.csv", views.usage, {"form": "csv"}, name="usage-csv"),
    path("codebook/usage/usage.json", views.usage, {"form": "json"}, name="usage-json"),
    path("codebook/<int:book>/usage/", views.usage, name="usage-of-session"),
    path("codebook/<int:book>/usage/usage.csv", views.usage, {"form": "csv"}, name="usage-of-session-csv"),
    path("codebook/<int:book>/usage/usage.json", views.usage, {"form": "json"}, name="usage-of-session-json"),
]
