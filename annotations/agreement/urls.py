from django.urls import path

from annotations.agreement import views

app_name = "agreement"

urlpatterns = [
    path("<slug:session>/agreement/", views.agreement, name="agreement"),
    path("<slug:session>/agreement/units.csv", views.units_csv, name="units-csv"),
    path("<slug:session>/agreement/units.json", views.units_json, name="units-json"),
]
