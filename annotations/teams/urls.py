from django.urls import path

from annotations.editing import views as editing
from annotations.reading import views as marks
from annotations.teams import reading

app_name = "teams"

urlpatterns = [
    path("<slug:session>/read/<str:slug>/", reading.read, name="read"),
    path("<slug:session>/read/<str:slug>/<int:number>/", reading.read, name="revision"),
    path("<slug:session>/read/<str:slug>/<int:number>/position/", reading.position, name="position"),
    path("<slug:session>/read/<str:slug>/<int:number>/cards/", marks.cards, name="cards"),
    path("<slug:session>/read/<str:slug>/<int:number>/at/<int:offset>/", marks.at, name="at"),
    path("<slug:session>/read/<str:slug>/<int:number>/blocks/", marks.blocks, name="blocks"),
    path("<slug:session>/read/<str:slug>/<int:number>/summary/", marks.summary, name="summary"),
    path("<slug:session>/read/<str:slug>/<int:number>/marks/", marks.marks, name="marks"),
    path("<slug:session>/read/<str:slug>/<int:number>/mark/<int:block>/", editing.block, name="block"),
    path("<slug:session>/marks/", editing.create, name="create"),
    path("<slug:session>/marks/undo/", editing.undo, name="undo"),
]
