from django.urls import path

from opslens.articles import reading, views

app_name = "articles"
urlpatterns = [
    path("", views.library, name="library"),
    path("import/", views.import_page, name="import"),
    path("import/trash/", views.trash, name="trash"),
    path("read/<str:slug>/", reading.read, name="read"),
    path("read/<str:slug>/details/", views.details, name="details"),
    path("read/<str:slug>/trash/", views.trash_one, name="trash-one"),
    path("read/<str:slug>/restore/", views.restore, name="restore"),
    path("read/<str:slug>/<int:number>/", reading.read, name="revision"),
    path("read/<str:slug>/<int:number>/position/", reading.position, name="position"),
]
