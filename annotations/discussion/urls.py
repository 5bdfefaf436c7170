from django.urls import path

from annotations.discussion import views

app_name = "discussion"

urlpatterns = [
    path("<slug:session>/talk/", views.articles, name="articles"),
    path("<slug:session>/talk/<str:slug>/", views.talk, name="talk"),
    path("<slug:session>/talk/<str:slug>/mine/", views.mine, name="mine"),
    path("<slug:session>/marks/<slug:uid>/replies/", views.replies, name="replies"),
    path("<slug:session>/replies/<int:reply>/edit/", views.edit, name="edit"),
    path("<slug:session>/replies/<int:reply>/delete/", views.delete, name="delete"),
    path("<slug:session>/replies/<int:reply>/restore/", views.restore, name="restore"),
]
