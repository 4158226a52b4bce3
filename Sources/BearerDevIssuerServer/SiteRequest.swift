/// What a client asks of the site.
struct SiteRequest {
  var method: String
  var path: String
  var ifNoneMatch: String?
  var authorization: String?
  var body: [UInt8] = []
}
