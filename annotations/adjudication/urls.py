from django.urls import path

from annotations.adjudication import views

app_name = "adjudication"

urlpatterns = [
    path("<slug:session>/desk/", views.desks, name="desks"),
    path("<slug:session>/desk/<str:slug>/", views.desk, name="desk"),
    path("<slug:session>/desk/<str:slug>/decide/", views.decide, name="decide"),
    path("<slug:session>/desk/<str:slug>/withdraw/", views.withdraw, name="withdraw"),
    path("<slug:session>/desk/<str:slug>/undo/", views.undo, name="undo"),
    path("<slug:session>/settle/undo/", views.undo, name="undo-any"),
    path("<slug:session>/settle/strategy/", views.strategy, name="strategy"),
    path("<slug:session>/decided/", views.decided, name="decided"),
    path("<slug:session>/decided/<slug:uid>/answer/", views.answer, name="answer"),
]
