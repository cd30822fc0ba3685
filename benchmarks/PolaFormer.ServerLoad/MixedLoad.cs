using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text;

/// <summary>Many requests of which one in a hundred is bad, slow or cancelled.</summary>
internal sealed class MixedLoad(ServerUnderTest server, Photographs photographs)
{
    private const int Parts = 20;

    private long _right, _wrong, _refused, _cancelled, _slow, _lost;

    /// <summary>Sends them and prints what became of them, and the memory of the server on the way.</summary>
    public async Task<bool> RunAsync(int requests, int clients)
    {
        using var client = new LoadClient(server.Address, clients);
        var numbers = new ConcurrentQueue<int>(Enumerable.Range(0, requests));
        var memory = new ConcurrentQueue<long>();
        await Task.WhenAll(Enumerable.Range(0, clients).Select(_ => Task.Run(async () =>
        {
            while (numbers.TryDequeue(out int number))
            {
                if (number % Math.Max(1, requests / Parts) == 0)
                    memory.Enqueue(server.ResidentBytes);
                await SendAsync(client, number);
            }
        })));
        memory.Enqueue(server.ResidentBytes);

        // The first half is for pools that grow to what the load needs.
        long[] settled = [.. memory.Skip(memory.Count / 2)];
        double spread = 100.0 * (settled.Max() - settled.Min()) / settled.Min();
        Console.WriteLine($"{requests} requests: {_right} right, {_wrong} wrong, {_refused} bad ones refused, {_cancelled} cancelled, {_slow} slow ones right, {_lost} lost");
        Console.WriteLine($"memory of the second half: {settled.Min() / 1e6:F0} to {settled.Max() / 1e6:F0} MB, {spread:F1} %");
        return _wrong == 0 && _lost == 0 && spread <= 10 && _right + _refused + _cancelled + _slow == requests;
    }

    private async Task SendAsync(LoadClient client, int number)
    {
        int photograph = number % photographs.Files.Count;
        byte[] file = photographs.Files[photograph];
        try
        {
            switch (number % 300)
            {
                case 0:
                    (int bad, _) = await client.SendAsync(new ByteArrayContent(file[..(file.Length / 20)]));
                    Count(ref (bad == 422 ? ref _refused : ref _wrong));
                    break;
                case 100:
                    using (var source = new CancellationTokenSource(TimeSpan.FromMilliseconds(number % 7)))
                    {
                        try
                        {
                            (int status, byte[] body) = await client.SendAsync(new ByteArrayContent(file), cancellation: source.Token);
                            Count(ref (status == 200 && photographs.IsRight(photograph, body) ? ref _cancelled : ref _wrong));
                        }
                        catch (OperationCanceledException)
                        {
                            Count(ref _cancelled);
                        }
                    }

                    break;
                case 200:
                    string answer = await SendSlowlyAsync(file);
                    Count(ref (answer.StartsWith("HTTP/1.1 200", StringComparison.Ordinal) ? ref _slow : ref _wrong));
                    break;
                default:
                    (int code, byte[] json) = await client.SendAsync(new ByteArrayContent(file));
                    Count(ref (code == 200 && photographs.IsRight(photograph, json) ? ref _right : ref _wrong));
                    break;
            }
        }
        catch (Exception error) when (error is HttpRequestException or IOException or SocketException)
        {
            Count(ref _lost);
        }
    }

    // In twenty pieces with pauses between them.
    private async Task<string> SendSlowlyAsync(byte[] file)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(server.Address.Host, server.Address.Port);
        NetworkStream stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"POST /v1/predict HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {file.Length}\r\n\r\n"));
        foreach (byte[] piece in file.Chunk((file.Length / 20) + 1))
        {
            await stream.WriteAsync(piece);
            await Task.Delay(20);
        }

        using var reader = new StreamReader(stream);
        return await reader.ReadToEndAsync();
    }

    private static void Count(ref long number) => Interlocked.Increment(ref number);
}
