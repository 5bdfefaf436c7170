from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("opslens.articles.urls")),
    path("", include("opslens.articles.revising.urls")),
    path("", include("annotations.reading.urls")),
    path("", include("annotations.reanchoring.urls")),
    path("", include("annotations.editing.urls")),
    path("", include("annotations.comparing.urls")),
    path("", include("annotations.live.urls")),
    path("team/", include("annotations.teams.urls")),
    path("team/", include("annotations.agreement.urls")),
    path("team/", include("annotations.discussion.urls")),
    path("team/", include("annotations.adjudication.urls")),
    path("", include("annotations.edition.urls")),
    path("", include("annotations.review.urls")),
    path("", include("annotations.history.urls")),
    path("", include("annotations.insights.urls")),
    path("codebook/", include("annotations.codebook.urls")),
    path("codebook/", include("annotations.surgery.urls")),
    path("account/", include("opslens.accounts.urls")),
    path("admin/", admin.site.urls),
]

handler400 = "opslens.web.errors.bad_request"
handler403 = "opslens.web.errors.denied"
handler404 = "opslens.web.errors.not_found"
handler500 = "opslens.web.errors.failed"
