from django.urls import path

from annotations.history import views

app_name = "history"
urlpatterns = [
    path("marks/<slug:uid>/history/", views.mark, name="mark"),
    path("read/<str:slug>/history/", views.article, name="article"),
    path("team/<slug:session>/history/", views.session, name="session"),
    path("codebook/history/", views.codebook, name="codebook"),
    path("codebook/<int:book>/history/", views.codebook, name="codebook-of-session"),
    path("codebook/tags/<int:pk>/history/", views.tag, name="tag"),
    path("people/<str:name>/history/", views.person, name="person"),
    path("history/<str:token>/restore/", views.restore, name="restore"),
    path("audit/", views.audit, name="audit"),
    path("audit.csv", views.audit_csv, name="audit-csv"),
]
