from django.urls import path

from annotations.live import views

app_name = "live"

urlpatterns = [
    path("read/<str:slug>/<int:number>/live/", views.live, name="live"),
    path("read/<str:slug>/<int:number>/live/fresh/", views.fresh, name="fresh"),
    path("team/<slug:session>/read/<str:slug>/<int:number>/live/", views.live, name="live-in-session"),
    path("team/<slug:session>/read/<str:slug>/<int:number>/live/fresh/", views.fresh, name="fresh-in-session"),
]
