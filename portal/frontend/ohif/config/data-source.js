// The archive as OHIF asks it: QIDO-RS, WADO-RS and STOW-RS below /dicomweb (PS3.18 §10).
const root = `${window.location.origin}/dicomweb`;

export const dataSource = {
  namespace: "@ohif/extension-default.dataSourcesModule.dicomweb",
  sourceName: "consilium",
  configuration: {
    friendlyName: "Consilium",
    name: "consilium",
    qidoRoot: root,
    wadoRoot: root,
    wadoUriRoot: `${root}/wado`,
    qidoSupportsIncludeField: true,
    supportsFuzzyMatching: true,
    supportsWildcard: true,
    supportsReject: false,
    dicomUploadEnabled: false,
    imageRendering: "wadors",
    thumbnailRendering: "thumbnail",
    thumbnailRequestStrategy: "fetch",
    enableStudyLazyLoad: true,
    singlepart: "bulkdata,video", // a document is read and shown from memory: no answer of the archive may be framed
    bulkDataURI: { enabled: true, relativeResolution: "series" },
    omitQuotationForMultipartRequest: false,
  },
};
