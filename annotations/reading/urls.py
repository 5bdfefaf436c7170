from django.urls import path

from annotations.reading import views

app_name = "reading"

urlpatterns = [
    path("read/<str:slug>/<int:number>/cards/", views.cards, name="cards"),
    path("read/<str:slug>/<int:number>/at/<int:offset>/", views.at, name="at"),
    path("read/<str:slug>/<int:number>/blocks/", views.blocks, name="blocks"),
    path("read/<str:slug>/<int:number>/summary/", views.summary, name="summary"),
    path("read/<str:slug>/<int:number>/marks/", views.marks, name="marks"),
]
