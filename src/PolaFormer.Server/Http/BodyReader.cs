using System.Buffers;
using Microsoft.AspNetCore.Http;

namespace PolaFormer.Server.Http;

/// <summary>Reads bodies into memory, each within its limit and all together within another: many clients with large bodies cannot take the machine's memory.</summary>
/// <param name="limits">The limit of a body.</param>
internal sealed class BodyReader(LimitOptions limits)
{
    private const int BodiesAtOnce = 16;

    private readonly long _budget = BodiesAtOnce * limits.MaxBodyBytes;
    private long _taken;

    /// <summary>Reads the whole body of a request; its memory is counted until the result is disposed.</summary>
    /// <exception cref="ServingException">It is too large, or too much is being read.</exception>
    public async Task<Body> ReadAsync(HttpContext context)
    {
        long expected = context.Request.ContentLength ?? limits.MaxBodyBytes;
        if (expected > limits.MaxBodyBytes)
            throw TooLarge();
        if (Interlocked.Add(ref _taken, expected) > _budget)
        {
            Interlocked.Add(ref _taken, -expected);
            throw ServingException.Unavailable("Too many bodies are being read. Send the request again later.", TimeSpan.FromSeconds(1));
        }

        var body = new Body(this, expected);
        try
        {
            await body.FillAsync(context.Request.Body, limits.MaxBodyBytes, context.Request.ContentLength, context.RequestAborted);
            return body;
        }
        catch
        {
            body.Dispose();
            throw;
        }
    }

    private ServingException TooLarge() => ServingException.TooLarge($"The body has more than {limits.MaxBodyBytes} bytes.");

    /// <summary>A body in memory.</summary>
    internal sealed class Body(BodyReader reader, long counted) : IDisposable
    {
        private const int FirstBuffer = 1 << 16;

        private byte[] _buffer = [];
        private int _length;
        private int _isDisposed;

        /// <summary>Its bytes, until this is disposed.</summary>
        public ReadOnlyMemory<byte> Bytes => _buffer.AsMemory(0, _length);

        /// <summary>Reads it to its end.</summary>
        public async Task FillAsync(Stream stream, long limit, long? length, CancellationToken aborted)
        {
            _buffer = ArrayPool<byte>.Shared.Rent((int)Math.Max(1, length ?? FirstBuffer));
            while (true)
            {
                if (_length == _buffer.Length)
                    Grow();
                int read = await stream.ReadAsync(_buffer.AsMemory(_length), aborted);
                if (read == 0)
                    return;
                _length += read;
                if (_length > limit)
                    throw reader.TooLarge();
            }
        }

        /// <inheritdoc/>
        public void Dispose()
        {
            if (Interlocked.Exchange(ref _isDisposed, 1) != 0)
                return;
            Interlocked.Add(ref reader._taken, -counted);
            if (_buffer.Length > 0)
                ArrayPool<byte>.Shared.Return(_buffer);
        }

        private void Grow()
        {
            byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(2 * _buffer.Length, FirstBuffer));
            Bytes.CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = larger;
        }
    }
}
