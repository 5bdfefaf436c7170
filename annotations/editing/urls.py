from django.urls import path

from annotations.editing import views

app_name = "editing"

urlpatterns = [
    path("marks/", views.create, name="create"),
    path("marks/undo/", views.undo, name="undo"),
    path("marks/trash/", views.trash, name="trash"),
    path("marks/<slug:uid>/", views.passage, name="passage"),
    path("marks/<slug:uid>/then/", views.then, name="then"),
    path("marks/<slug:uid>/card/", views.card, name="card"),
    path("marks/<slug:uid>/edit/", views.edit, name="edit"),
    path("marks/<slug:uid>/delete/", views.delete, name="delete"),
    path("marks/<slug:uid>/restore/", views.restore, name="restore"),
    path("read/<str:slug>/<int:number>/mark/<int:block>/", views.block, name="block"),
]
