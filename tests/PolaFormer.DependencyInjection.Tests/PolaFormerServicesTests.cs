using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using PolaFormer.Files;
using PolaFormer.Pipelines;

namespace PolaFormer.DependencyInjection.Tests;

public sealed class PolaFormerServicesTests
{
    private static readonly string s_root = FindRoot();
    private static readonly string s_checkpoint = Path.Combine(s_root, "checkpoints", "polaformer_pp_photographs.safetensors");

    [Fact]
    public async Task AServiceAnswersAndSaysWhatItLoaded()
    {
        var log = new LogLines();
        await using ServiceProvider provider = Services(log).AddPolaFormer(options => options.Checkpoint = s_checkpoint).BuildServiceProvider(validateScopes: true);
        BatchingClassifier classifier = provider.GetRequiredService<BatchingClassifier>();
        using FileStream file = File.OpenRead(Path.Combine(s_root, "samples", "images", "airplane.jpg"));
        IReadOnlyList<Prediction> guesses = await classifier.PredictAsync(file, top: 1, TestContext.Current.CancellationToken);
        Assert.Equal("airplane", guesses[0].Label);
        Assert.Same(classifier.Classifier, provider.GetRequiredService<ImageClassifier>());
        Assert.Equal(1, classifier.Classifier.Threads);
        Assert.Contains(log, line => line.StartsWith("Information PolaFormer: Loaded", StringComparison.Ordinal) && line.Contains("10 classes"));

        // A batch is told of after its answers, and before its thread ends.
        await provider.DisposeAsync();
        Assert.Contains(log, line => line.StartsWith("Debug PolaFormer: A batch of 1", StringComparison.Ordinal));
    }

    [Fact]
    public async Task SeveralClassifiersHaveKeysAndOptionsOfTheirOwn()
    {
        await using ServiceProvider provider = Services().AddPolaFormer("a", options => { options.Checkpoint = s_checkpoint; options.Threads = 2; }).AddPolaFormer("b", options => options.Checkpoint = s_checkpoint).BuildServiceProvider();
        ImageClassifier a = provider.GetRequiredKeyedService<BatchingClassifier>("a").Classifier, b = provider.GetRequiredKeyedService<BatchingClassifier>("b").Classifier;
        Assert.NotSame(a, b);
        Assert.Equal((2, 1), (a.Threads, b.Threads));
        Assert.Null(provider.GetService<BatchingClassifier>());
    }

    [Fact]
    public async Task WhatIsWrongWithOptionsIsSaid()
    {
        await using ServiceProvider provider = Services().AddPolaFormer(options => options.Threads = 0).BuildServiceProvider();
        string message = Assert.Throws<OptionsValidationException>(provider.GetRequiredService<BatchingClassifier>).Message;
        Assert.Contains("Checkpoint is empty", message);
        Assert.Contains("Threads is 0", message);
    }

    [Fact]
    public async Task AHostStartsWithALoadedNetworkOrNotAtAll()
    {
        var log = new LogLines();
        await using ServiceProvider provider = Services(log).AddPolaFormer(options => options.Checkpoint = s_checkpoint).BuildServiceProvider();
        await Assert.Single(provider.GetServices<IHostedService>()).StartAsync(TestContext.Current.CancellationToken);
        Assert.Contains(log, line => line.Contains("Loaded"));
        await using ServiceProvider broken = Services(log).AddPolaFormer(options => options.Checkpoint = "missing.safetensors").BuildServiceProvider();
        await Assert.ThrowsAsync<FileException>(() => Assert.Single(broken.GetServices<IHostedService>()).StartAsync(TestContext.Current.CancellationToken));
        Assert.Contains(log, line => line.StartsWith("Error PolaFormer: Cannot load missing.safetensors", StringComparison.Ordinal));
    }

    [Fact]
    public async Task TheHealthCheckLoadsAndTries()
    {
        IServiceCollection services = Services().AddPolaFormer(options => options.Checkpoint = s_checkpoint).AddPolaFormer("missing", options => options.Checkpoint = "missing.safetensors");
        services.AddHealthChecks().AddPolaFormer().AddPolaFormer("missing", tags: ["ready"]);
        await using ServiceProvider provider = services.BuildServiceProvider();
        HealthReport report = await provider.GetRequiredService<HealthCheckService>().CheckHealthAsync(TestContext.Current.CancellationToken);
        Assert.Equal(HealthStatus.Healthy, report.Entries["polaformer"].Status);
        Assert.Equal(10, report.Entries["polaformer"].Data["classes"]);
        Assert.Equal(HealthStatus.Unhealthy, report.Entries["polaformer-missing"].Status);
        Assert.Contains("there is no such file", report.Entries["polaformer-missing"].Description);
    }

    private static IServiceCollection Services(LogLines? log = null) =>
        new ServiceCollection().AddLogging(logging => logging.SetMinimumLevel(LogLevel.Debug).AddProvider(log ?? new LogLines()));

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "PolaFormer.slnx")))
            folder = folder.Parent!;
        return folder.FullName;
    }
}
