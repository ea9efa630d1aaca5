from __future__ import annotations

from django.urls import URLPattern, path

from portal.cases import conversation, drafts, rows, submit, suspending, views

urlpatterns: list[URLPattern] = [
    path("", views.index, name="cases"),
    path("list/", views.listing, name="case-list"),
    path("<uuid:uid>/", views.page, name="case"),
    path("<uuid:uid>/state/", views.state, name="case-state"),
    path("<uuid:uid>/suspend/", suspending.suspend, name="suspend-case"),
    path("<uuid:uid>/resume/", suspending.resume, name="resume-case"),
    path("<uuid:uid>/images/", views.images, name="case-images"),
    path("<uuid:uid>/documents/", views.documents, name="case-documents"),
    path("<uuid:uid>/task/", views.task, name="case-task"),
    path("<uuid:uid>/conversation/", conversation.conversation, name="case-conversation"),
    path("<uuid:uid>/say/", conversation.say, name="case-say"),
    path("<uuid:uid>/files/", conversation.files, name="case-files"),
    path("<uuid:uid>/put-file/", conversation.put_file, name="case-put-file"),
    path("files/<uuid:uid>/", conversation.file, name="case-file"),
    path("files/<uuid:uid>/remove/", conversation.remove_file, name="remove-case-file"),
    path("<uuid:uid>/diagram.json", views.diagram, name="case-diagram"),
    path("tasks/<uuid:uid>/complete/", submit.complete, name="complete-task"),
    path("tasks/<uuid:uid>/draft/", drafts.save, name="save-draft"),
    path("tasks/<uuid:uid>/rows/", rows.change_rows, name="change-rows"),
]
