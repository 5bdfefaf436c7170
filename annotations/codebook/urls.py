from django.urls import path

from annotations.codebook import views

app_name = "codebook"
urlpatterns = [
    path("", views.codebook, name="codebook"),
    path("order/", views.order, name="order"),
    path("add/", views.add, name="add"),
    path("<int:book>/", views.codebook, name="of-session"),
    path("<int:book>/order/", views.order, name="order-of-session"),
    path("<int:book>/add/", views.add, name="add-in-session"),
    path("groups/<int:group>/add/", views.add_link, name="add-link"),
    path("tags/<int:pk>/", views.tag, name="tag"),
    path("tags/<int:pk>/edit/", views.edit, name="edit"),
    path("tags/<int:pk>/look/", views.recolour, name="recolour"),
    path("tags/<int:pk>/switch/", views.switch, name="switch"),
    path("tags/<int:pk>/move/", views.move, name="move"),
    path("tags/<int:pk>/retire/", views.retire, name="retire"),
    path("tags/<int:pk>/bring-back/", views.bring_back, name="bring-back"),
]
