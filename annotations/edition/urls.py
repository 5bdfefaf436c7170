from django.urls import path

from annotations.edition import views
from annotations.edition.calibration import views as calibration
from annotations.edition.recap import views as recap

app_name = "edition"

urlpatterns = [
    path("edition/<slug:session>/", views.edition, name="edition"),
    path("edition/<slug:session>/<str:slug>/", views.article, name="article"),
    path("edition/<slug:session>/<str:slug>/calibrate/", calibration.calibrate, name="calibrate"),
    path("team/<slug:session>/calibration/", calibration.calibration, name="calibration"),
    path("team/<slug:session>/calibration/done/", calibration.done, name="calibration-done"),
    path("team/<slug:session>/recap/", recap.recap, name="recap"),
    path("team/<slug:session>/recap.md", recap.markdown, name="recap-markdown"),
]
