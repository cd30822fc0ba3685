using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace PolaFormer.Server.Http;

/// <summary>The page for people, and the description of the addresses with the page that shows it: files of the program, none from elsewhere.</summary>
internal static class PageFiles
{
    private static readonly (string Path, string Resource, string Type)[] s_files =
    [
        ("/", "index.html", "text/html; charset=utf-8"),
        ("/page.js", "page.js", "text/javascript; charset=utf-8"),
        ("/page.css", "page.css", "text/css; charset=utf-8"),
        ("/api", "api.html", "text/html; charset=utf-8"),
        ("/api.js", "api.js", "text/javascript; charset=utf-8"),
        ("/icon.svg", "icon.svg", "image/svg+xml"),
        ("/openapi.json", "openapi.json", "application/json"),
    ];

    /// <summary>Adds the addresses.</summary>
    public static void Map(IEndpointRouteBuilder routes)
    {
        foreach ((string path, string resource, string type) in s_files)
        {
            byte[] content = Read(resource);
            routes.MapGet(path, () => Results.Bytes(content, type));
        }
    }

    private static byte[] Read(string resource)
    {
        using Stream stream = typeof(PageFiles).Assembly.GetManifestResourceStream(resource) ?? throw new InvalidOperationException($"The resource {resource} is missing.");
        byte[] content = new byte[stream.Length];
        stream.ReadExactly(content);
        return content;
    }
}
