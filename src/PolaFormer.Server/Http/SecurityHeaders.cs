using Microsoft.AspNetCore.Http;

namespace PolaFormer.Server.Http;

/// <summary>Headers that keep browsers from running, framing or guessing what is not meant so.</summary>
internal static class SecurityHeaders
{
    private const string Policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    /// <summary>Sets them, and refuses what a page of another site sends: a browser sends such a request without asking, though it shows that page no answer.</summary>
    public static Task Invoke(HttpContext context, RequestDelegate next)
    {
        Set(context.Response);
        return !HttpMethods.IsGet(context.Request.Method) && context.Request.Headers["Sec-Fetch-Site"] == "cross-site"
            ? throw ServingException.Forbidden("Pages of other sites may not send requests.")
            : next(context);
    }

    /// <summary>Sets the headers of an answer.</summary>
    public static void Set(HttpResponse response)
    {
        response.Headers.ContentSecurityPolicy = Policy;
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers["Referrer-Policy"] = "no-referrer";
        response.Headers.CacheControl = "no-store";
    }
}
