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
    /// <exception cref="ServingException">It is too large, too slow, or too much is being read.</exception>
    public async Task<Body> ReadAsync(HttpContext context)
    {
        if (context.Request.ContentLength > limits.MaxBodyBytes)
            throw TooLarge();
        // Ends a read that waits; the connection ends with the answer.
        using var patience = new CancellationTokenSource(limits.Timeout);
        using CancellationTokenRegistration end = patience.Token.Register(context.Request.BodyReader.CancelPendingRead);
        var body = new Body(this);
        try
        {
            await body.FillAsync(context.Request.Body, limits.MaxBodyBytes, context.Request.ContentLength, context.RequestAborted);
            return body;
        }
        catch (OperationCanceledException) when (!context.RequestAborted.IsCancellationRequested)
        {
            body.Dispose();
            throw ServingException.Slow();
        }
        catch
        {
            body.Dispose();
            throw;
        }
    }

    private ServingException TooLarge() => ServingException.TooLarge($"The body has more than {limits.MaxBodyBytes} bytes.");

    /// <summary>A body in memory.</summary>
    internal sealed class Body(BodyReader reader) : IDisposable
    {
        private const int FirstBuffer = 1 << 16;

        private byte[] _buffer = [];
        private int _length;
        private int _isDisposed;

        /// <summary>Its bytes, until this is disposed.</summary>
        public ReadOnlyMemory<byte> Bytes => _buffer.AsMemory(0, _length);

        /// <summary>Reads it to its end. What a client announces takes no memory before it is there.</summary>
        public async Task FillAsync(Stream stream, long limit, long? length, CancellationToken cancellation)
        {
            Resize((int)Math.Clamp(length ?? FirstBuffer, 1, FirstBuffer));
            while (true)
            {
                if (_length == _buffer.Length)
                    Resize((int)Math.Min(2L * _buffer.Length, limit + 1));
                int read = await stream.ReadAsync(_buffer.AsMemory(_length), cancellation);
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
            if (Interlocked.Exchange(ref _isDisposed, 1) == 0)
                Give(_buffer);
        }

        private void Resize(int bytes)
        {
            byte[] larger = ArrayPool<byte>.Shared.Rent(bytes);
            if (Interlocked.Add(ref reader._taken, larger.Length) > reader._budget)
            {
                Give(larger);
                throw ServingException.Unavailable("Too many bodies are being read. Send the request again later.", TimeSpan.FromSeconds(1));
            }

            Bytes.CopyTo(larger);
            Give(_buffer);
            _buffer = larger;
        }

        private void Give(byte[] buffer)
        {
            Interlocked.Add(ref reader._taken, -buffer.Length);
            if (buffer.Length > 0)
                ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
