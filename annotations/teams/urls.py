from django.urls import path

from annotations.editing import views as editing
from annotations.reading import views as marks
from annotations.teams import reading, views
from annotations.teams.people import views as people
from annotations.teams.progress import views as progress

app_name = "teams"

urlpatterns = [
    path("", views.sessions, name="sessions"),
    path("new/", views.create, name="new"),
    path("join/<str:token>/", people.join, name="join"),
    path("<slug:session>/", views.session, name="session"),
    path("<slug:session>/settings/", views.edit, name="settings"),
    path("<slug:session>/phase/", views.phase, name="phase"),
    path("<slug:session>/trash/", views.trash, name="trash"),
    path("<slug:session>/restore/", views.restore, name="restore"),
    path("<slug:session>/articles/", views.add_article, name="add-article"),
    path("<slug:session>/articles/<str:slug>/remove/", views.remove_article, name="remove-article"),
    path("<slug:session>/people/", people.people, name="people"),
    path("<slug:session>/people/add/", people.add, name="add-member"),
    path("<slug:session>/people/invite/", people.invite, name="invite"),
    path("<slug:session>/people/invitations/<slug:uid>/revoke/", people.revoke, name="revoke"),
    path("<slug:session>/people/<int:user>/role/", people.role, name="role"),
    path("<slug:session>/people/<int:user>/remove/", people.remove, name="remove-member"),
    path("<slug:session>/leave/", people.leave, name="leave"),
    path("<slug:session>/questions/", progress.ask, name="ask"),
    path("<slug:session>/questions/<int:question>/answer/", progress.answer, name="answer"),
    path("<slug:session>/read/<str:slug>/", reading.read, name="read"),
    path("<slug:session>/read/<str:slug>/done/", progress.finish, name="done"),
    path("<slug:session>/read/<str:slug>/skip/", progress.skip, name="skip"),
    path("<slug:session>/read/<str:slug>/reopen/", progress.reopen, name="reopen"),
    path("<slug:session>/read/<str:slug>/note/", progress.note, name="note"),
    path("<slug:session>/read/<str:slug>/<int:number>/", reading.read, name="revision"),
    path("<slug:session>/read/<str:slug>/<int:number>/position/", reading.position, name="position"),
    path("<slug:session>/read/<str:slug>/<int:number>/cards/", marks.cards, name="cards"),
    path("<slug:session>/read/<str:slug>/<int:number>/at/<int:offset>/", marks.at, name="at"),
    path("<slug:session>/read/<str:slug>/<int:number>/blocks/", marks.blocks, name="blocks"),
    path("<slug:session>/read/<str:slug>/<int:number>/summary/", marks.summary, name="summary"),
    path("<slug:session>/read/<str:slug>/<int:number>/marks/", marks.marks, name="marks"),
    path("<slug:session>/read/<str:slug>/<int:number>/mark/<int:block>/", editing.block, name="block"),
    path("<slug:session>/marks/", editing.create, name="create"),
    path("<slug:session>/marks/undo/", editing.undo, name="undo"),
]
