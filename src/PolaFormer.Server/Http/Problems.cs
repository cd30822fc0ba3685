using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Logging;

namespace PolaFormer.Server.Http;

/// <summary>
/// Failures as problem details (RFC 9457). The member <c>error</c> is the Open Inference Protocol's. What is not meant for clients stays in
/// the log, under the trace identifier that the answer names.
/// </summary>
internal sealed partial class Problems(RequestDelegate next, ILogger<Problems> logger)
{
    /// <summary>Answers with a problem what the request failed by.</summary>
    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            await next(context);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            context.Response.StatusCode = StatusCodes.Status499ClientClosedRequest;
        }
        catch (ServingException error)
        {
            await WriteAsync(context, error.Status, error.Message, error.RetryAfter);
        }
        catch (BadHttpRequestException error)
        {
            await WriteAsync(context, error.StatusCode, error.Message, null);
        }
        catch (IOException) when (context.RequestAborted.IsCancellationRequested)
        {
            context.Response.StatusCode = StatusCodes.Status499ClientClosedRequest;
        }
        catch (Exception error)
        {
            LogDefect(context.Request.Path, error);
            await WriteAsync(context, StatusCodes.Status500InternalServerError, "The request failed. The server's log says why.", null);
        }
    }

    /// <summary>Writes a problem.</summary>
    /// <param name="context">The request.</param>
    /// <param name="status">Status code.</param>
    /// <param name="detail">What is wrong, in a line.</param>
    /// <param name="retryAfter">When to ask again; null where that does not help.</param>
    public static async Task WriteAsync(HttpContext context, int status, string detail, TimeSpan? retryAfter)
    {
        if (context.Response.HasStarted)
        {
            context.Abort();
            return;
        }

        context.Response.Clear();
        context.Response.StatusCode = status;
        SecurityHeaders.Set(context.Response);
        if (retryAfter is { } time)
            context.Response.Headers.RetryAfter = ((long)Math.Ceiling(time.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        if (status == StatusCodes.Status401Unauthorized)
            context.Response.Headers.WWWAuthenticate = "Bearer";
        await context.Response.WriteAsJsonAsync(
            new
            {
                type = "about:blank",
                title = ReasonPhrases.GetReasonPhrase(status),
                status,
                detail,
                error = detail,
                traceId = Activity.Current?.TraceId.ToHexString() ?? context.TraceIdentifier,
            },
            (JsonSerializerOptions?)null,
            "application/problem+json",
            CancellationToken.None);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "A request to {Path} failed.")]
    private partial void LogDefect(string path, Exception error);
}
