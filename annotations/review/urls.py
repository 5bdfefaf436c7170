from django.urls import path

from annotations.review import views

app_name = "review"

urlpatterns = [
    path("review/", views.queue, name="queue"),
    path("review/list/", views.listing, name="list"),
    path("review/bulk/", views.bulk, name="bulk"),
    path("review/undo/", views.undo, name="undo"),
    path("review/queues/", views.queues, name="queues"),
    path("review/mine/", views.mine, name="mine"),
    path("review/<slug:uid>/decide/", views.decide, name="decide"),
    path("review/<slug:uid>/flags/", views.flags, name="flags"),
    path("review/<slug:uid>/back/", views.back, name="back"),
    path("marks/<slug:uid>/flag/", views.flag, name="flag"),
]
