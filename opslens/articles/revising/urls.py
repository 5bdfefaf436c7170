from django.urls import path

from opslens.articles.revising import views

app_name = "revising"

urlpatterns = [
    path("read/<str:slug>/revisions/", views.revisions, name="revisions"),
    path("read/<str:slug>/revise/", views.revise, name="revise"),
    path("read/<str:slug>/revise/preview/", views.preview, name="preview"),
    path("read/<str:slug>/revise/publish/", views.publish, name="publish"),
    path("read/<str:slug>/revise/drop/", views.drop, name="drop"),
]
