from django.urls import path

from opslens.accounts import views

app_name = "accounts"
urlpatterns = [
    path("sign-in/", views.sign_in, name="sign-in"),
    path("sign-out/", views.sign_out, name="sign-out"),
    path("sign-up/", views.sign_up, name="sign-up"),
    path("profile/", views.profile, name="profile"),
    path("password/", views.password, name="password"),
    path("preferences/", views.preferences, name="preferences"),
    path("demo/", views.demo, name="demo"),
]
