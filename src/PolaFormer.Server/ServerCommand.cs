using System.CommandLine;
using PolaFormer.Server.Repository;

namespace PolaFormer.Server;

/// <summary>The command line of the server.</summary>
internal static class ServerCommand
{
    private const string ShippedName = "polaformer_pp_photographs", ShippedFile = $"{ShippedName}.safetensors";

    /// <summary>Makes the command.</summary>
    /// <param name="run">Runs a server until it is told to stop.</param>
    public static RootCommand Create(Func<ServerOptions, Task> run)
    {
        var model = new Option<string[]>("--model") { HelpName = "NAME=FILE", Description = "A checkpoint under a name; several times for several. The shipped model by default." };
        var models = new Option<string[]>("--models") { HelpName = "FOLDER", Description = "A folder whose checkpoints are served under their files' names." };
        var config = new Option<string?>("--config") { HelpName = "FILE", Description = "Settings in JSON, with queues for single models; what the command line says goes before." };
        var address = new Option<string?>("--address") { HelpName = "IP", Description = "Address to listen on: 127.0.0.1 by default, 0.0.0.0 for all of the machine." };
        var port = new Option<int?>("--port") { HelpName = "N", Description = "Port of HTTP, 8080 by default; 0 for any that is free." };
        var grpcPort = new Option<int?>("--grpc-port") { HelpName = "N", Description = "Port of gRPC without TLS; none by default. With TLS the port of HTTP takes both." };
        var device = new Option<string?>("--device") { HelpName = "cpu|cuda[:N]", Description = "Compute on the processor (the default) or on NVIDIA's GPU number N." };
        var instances = new Option<int?>("--instances") { HelpName = "N", Description = "Batches of a model that are computed at a time; as many as processors by default, one on a GPU." };
        var threads = new Option<int?>("--threads") { HelpName = "N", Description = "Threads that compute a batch; by default the idle processors are divided among the batches that wait." };
        var batch = new Option<int?>("--max-batch") { HelpName = "N", Description = "Most inputs of a batch; one by default, 8 on a GPU." };
        var delay = new Option<int?>("--batch-delay") { HelpName = "MICROSECONDS", Description = "How long an input waits for others, 0 by default." };
        var capacity = new Option<int?>("--capacity") { HelpName = "N", Description = "Most inputs of a model that are under way, 256 by default; more are answered with 429." };
        var timeout = new Option<int?>("--timeout") { HelpName = "SECONDS", Description = "Longest time of a request, 30 by default." };
        var maxBody = new Option<int?>("--max-body") { HelpName = "MEBIBYTES", Description = "Largest body of a request, 32 by default." };
        var maxPixels = new Option<long?>("--max-pixels") { HelpName = "N", Description = "Largest image, width times height, 50000000 by default." };
        var certificate = new Option<string?>("--tls-certificate") { HelpName = "FILE", Description = "A certificate in PEM, for HTTPS." };
        var key = new Option<string?>("--tls-key") { HelpName = "FILE", Description = "Its private key in PEM." };
        var apiKeys = new Option<string?>("--api-keys") { HelpName = "FILE", Description = "Keys, one a line, of which requests must carry one." };
        var control = new Option<bool>("--allow-model-control") { Description = "Let requests load, swap and unload models." };
        var urls = new Option<string[]>("--url-prefix") { HelpName = "ADDRESS", Description = "Let requests name images by addresses that begin so; none by default." };
        var json = new Option<bool>("--log-json") { Description = "Write logs as lines of JSON." };
        var command = new RootCommand("Serves networks over HTTP and gRPC, with a page for people.")
        {
            model, models, config, address, port, grpcPort, device, instances, threads, batch, delay, capacity, timeout, maxBody, maxPixels, certificate, key, apiKeys, control, urls, json,
        };
        command.SetAction(async (parsed, _) =>
        {
            ServerOptions file = parsed.GetValue(config) is { } path ? ServerOptions.Read(path) : new ServerOptions();
            ServerOptions options = file with
            {
                Models = parsed.GetValue(model) is { Length: > 0 } named ? [.. named.Select(ModelSource.Parse)] : file.Models,
                Folders = parsed.GetValue(models) is { Length: > 0 } folders ? folders : file.Folders,
                Address = parsed.GetValue(address) ?? file.Address,
                Port = parsed.GetValue(port) ?? file.Port,
                GrpcPort = parsed.GetValue(grpcPort) ?? file.GrpcPort,
                Device = parsed.GetValue(device) ?? file.Device,
                Certificate = parsed.GetValue(certificate) ?? file.Certificate,
                CertificateKey = parsed.GetValue(key) ?? file.CertificateKey,
                ApiKeys = parsed.GetValue(apiKeys) ?? file.ApiKeys,
                AllowsModelControl = parsed.GetValue(control) || file.AllowsModelControl,
                UrlPrefixes = parsed.GetValue(urls) is { Length: > 0 } prefixes ? prefixes : file.UrlPrefixes,
                LogsJson = parsed.GetValue(json) || file.LogsJson,
                Scheduling = file.Scheduling with
                {
                    Instances = parsed.GetValue(instances) ?? file.Scheduling.Instances,
                    Threads = parsed.GetValue(threads) ?? file.Scheduling.Threads,
                    MaxBatch = parsed.GetValue(batch) ?? file.Scheduling.MaxBatch,
                    BatchDelay = parsed.GetValue(delay) is { } microseconds ? TimeSpan.FromMicroseconds(microseconds) : file.Scheduling.BatchDelay,
                    Capacity = parsed.GetValue(capacity) ?? file.Scheduling.Capacity,
                },
                Limits = file.Limits with
                {
                    Timeout = parsed.GetValue(timeout) is { } seconds ? TimeSpan.FromSeconds(seconds) : file.Limits.Timeout,
                    MaxBodyBytes = parsed.GetValue(maxBody) is { } mebibytes ? (long)mebibytes << 20 : file.Limits.MaxBodyBytes,
                    MaxPixels = parsed.GetValue(maxPixels) ?? file.Limits.MaxPixels,
                },
            };
            await run(options.Models.Count + options.Folders.Count > 0 ? options : options with { Models = [new ModelSource(ShippedName, ShippedCheckpoint())] });
        });
        return command;
    }

    // In checkpoints/ of the program's folder or of one above it.
    private static string ShippedCheckpoint()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            string path = Path.Combine(folder.FullName, "checkpoints", ShippedFile);
            if (File.Exists(path))
                return path;
        }

        throw new FileNotFoundException($"The shipped checkpoint checkpoints/{ShippedFile} is not there. Name one with --model NAME=FILE.");
    }
}
