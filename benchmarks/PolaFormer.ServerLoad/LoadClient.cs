using System.Diagnostics;

/// <summary>Sends images to a server.</summary>
internal sealed class LoadClient : IDisposable
{
    private readonly HttpClient _client;

    /// <param name="address">The server.</param>
    /// <param name="connections">Most connections.</param>
    public LoadClient(Uri address, int connections) =>
        _client = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = connections, UseProxy = false }) { BaseAddress = address, Timeout = TimeSpan.FromMinutes(2) };

    /// <summary>Sends one request; status and body.</summary>
    public async Task<(int Status, byte[] Body)> SendAsync(HttpContent content, string path = "/v1/predict", CancellationToken cancellation = default)
    {
        using HttpResponseMessage response = await _client.PostAsync(path, content, cancellation);
        return ((int)response.StatusCode, await response.Content.ReadAsByteArrayAsync(cancellation));
    }

    /// <summary>As many requests as so many clients get answered, each sending when it has its answer: requests a second.</summary>
    public async Task<double> ThroughputAsync(IReadOnlyList<byte[]> files, int clients, TimeSpan duration)
    {
        long count = 0, start = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, clients).Select(number => Task.Run(async () =>
        {
            for (int i = number; Stopwatch.GetElapsedTime(start) < duration; i++)
            {
                (int status, _) = await SendAsync(new ByteArrayContent(files[i % files.Count]));
                if (status != 200)
                    throw new InvalidOperationException($"The server answered {status}.");
                Interlocked.Increment(ref count);
            }
        })));
        return count / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    /// <summary>
    /// Requests, so many a second, whether the ones before are answered or not: the times from when each was due to its answer in
    /// milliseconds, sorted. They are evenly spaced, or with a source of random numbers come as a Poisson process does.
    /// </summary>
    public async Task<double[]> LatenciesAsync(IReadOnlyList<byte[]> files, double rate, int count, Random? random)
    {
        double[] times = new double[count];
        var requests = new Task[count];
        long start = Stopwatch.GetTimestamp();
        double at = 0;
        for (int i = 0; i < count; i++)
        {
            at += (random is null ? 1 : -Math.Log(1 - random.NextDouble())) / rate;
            TimeSpan wait = TimeSpan.FromSeconds(at) - Stopwatch.GetElapsedTime(start);
            if (wait > TimeSpan.Zero)
                await Task.Delay(wait);
            int number = i;
            double due = at;
            requests[i] = Task.Run(async () =>
            {
                (int status, _) = await SendAsync(new ByteArrayContent(files[number % files.Count]));
                times[number] = status == 200 ? (Stopwatch.GetElapsedTime(start).TotalSeconds - due) * 1000 : throw new InvalidOperationException($"The server answered {status}.");
            });
        }

        await Task.WhenAll(requests);
        Array.Sort(times);
        return times;
    }

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();
}
