using Microsoft.Extensions.Hosting;
using PolaFormer.Pipelines;
using PolaFormer.Vision;

namespace PolaFormer.DependencyInjection;

/// <summary>Loads a classifier when the host starts and runs it once, so that the first request is as fast as the others.</summary>
internal sealed class ClassifierStart(Func<BatchingClassifier> classifier) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken) => Task.Run(() =>
    {
        ImageClassifier loaded = classifier().Classifier;
        using Image image = GreyImage.Of(loaded.Transform.ImageSize);
        loaded.Predict(image);
    }, cancellationToken);

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
