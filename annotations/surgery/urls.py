from django.urls import path

from annotations.surgery import views
from annotations.surgery.examples import views as examples
from annotations.surgery.exchange import views as exchange

app_name = "surgery"
urlpatterns = [
    path("tags/<int:pk>/merge/", views.merge, name="merge"),
    path("tags/<int:pk>/split/", views.split, name="split"),
    path("changes/", views.list_changes, name="changes"),
    path("<int:book>/changes/", views.list_changes, name="changes-in-session"),
    path("changes/<slug:uid>/undo/", views.undo, name="undo"),
    path("export.json", exchange.export_json, name="export-json"),
    path("export.qdc", exchange.export_qdc, name="export-qdc"),
    path("<int:book>/export.json", exchange.export_json, name="export-json-in-session"),
    path("<int:book>/export.qdc", exchange.export_qdc, name="export-qdc-in-session"),
    path("import/", exchange.take_in, name="import"),
    path("<int:book>/import/", exchange.take_in, name="import-in-session"),
    path("imports/<int:number>/undo/", exchange.take_back, name="undo-import"),
    path("<int:book>/imports/<int:number>/undo/", exchange.take_back, name="undo-import-in-session"),
    path("tags/<int:pk>/examples/", examples.of_tag, name="examples"),
    path("tags/<int:pk>/hard-case/", examples.hard_case, name="hard-case"),
    path("examples/add/", examples.add, name="add-example"),
    path("examples/<int:pk>/edit/", examples.edit, name="edit-example"),
    path("examples/<int:pk>/remove/", examples.remove, name="remove-example"),
    path("examples/<int:pk>/restore/", examples.restore, name="restore-example"),
]
