using Microsoft.AspNetCore.Http;

namespace PolaFormer.Server;

/// <summary>A request that is refused; the message goes to the client.</summary>
internal sealed class ServingException : Exception
{
    private ServingException(int status, string message, TimeSpan? retryAfter = null, Exception? innerException = null)
        : base(message, innerException) => (Status, RetryAfter) = (status, retryAfter);

    /// <summary>Status code of HTTP.</summary>
    public int Status { get; }

    /// <summary>When to ask again; null where that does not help.</summary>
    public TimeSpan? RetryAfter { get; }

    /// <summary>The request is malformed.</summary>
    public static ServingException BadRequest(string message) => new(StatusCodes.Status400BadRequest, message);

    /// <summary>The request is well formed, and its content is not what the model takes.</summary>
    public static ServingException Unprocessable(string message) => new(StatusCodes.Status422UnprocessableEntity, message);

    /// <summary>No key, or a wrong one.</summary>
    public static ServingException Unauthorized(string message) => new(StatusCodes.Status401Unauthorized, message);

    /// <summary>The server's settings do not allow it.</summary>
    public static ServingException Forbidden(string message) => new(StatusCodes.Status403Forbidden, message);

    /// <summary>There is no such thing.</summary>
    public static ServingException NotFound(string message) => new(StatusCodes.Status404NotFound, message);

    /// <summary>More than the limit.</summary>
    public static ServingException TooLarge(string message) => new(StatusCodes.Status413PayloadTooLarge, message);

    /// <summary>A type of content that is not taken.</summary>
    public static ServingException UnsupportedType(string message) => new(StatusCodes.Status415UnsupportedMediaType, message);

    /// <summary>The queue is full.</summary>
    public static ServingException Full(TimeSpan retryAfter) => new(StatusCodes.Status429TooManyRequests, "The queue of the model is full. Send the request again later.", retryAfter);

    /// <summary>The server or the model cannot answer now.</summary>
    public static ServingException Unavailable(string message, TimeSpan? retryAfter = null) => new(StatusCodes.Status503ServiceUnavailable, message, retryAfter);

    /// <summary>It went wrong here.</summary>
    public static ServingException Failed(string message, Exception? cause = null) => new(StatusCodes.Status500InternalServerError, message, null, cause);

    /// <summary>The body was not there in time.</summary>
    public static ServingException Slow() => new(StatusCodes.Status408RequestTimeout, "The body was not there within the time limit of a request.");

    /// <summary>The status code that a failure ends with.</summary>
    public static int StatusOf(Exception error) => error switch
    {
        ServingException known => known.Status,
        OperationCanceledException => StatusCodes.Status499ClientClosedRequest,
        _ => StatusCodes.Status500InternalServerError,
    };

    /// <summary>The answer was not there in time.</summary>
    public static ServingException Late() => new(StatusCodes.Status504GatewayTimeout, "The answer was not there within the time limit of the request.");
}
