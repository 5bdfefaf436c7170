from django.urls import path

from annotations.reanchoring import views

app_name = "reanchoring"

urlpatterns = [
    path("marks/check/", views.tray, name="tray"),
    path("marks/<slug:uid>/attach/", views.attach, name="attach"),
    path("marks/<slug:uid>/detach/", views.detach, name="detach"),
    path("marks/<slug:uid>/leave/", views.leave, name="leave"),
    path("marks/<slug:uid>/again/", views.again, name="again"),
]
