from django.urls import path

from annotations.comparing import views

app_name = "comparing"

urlpatterns = [
    path("read/<str:slug>/compare/", views.choose, name="choose"),
    path("read/<str:slug>/compare/<int:old>/<int:new>/", views.compare, name="compare"),
]
