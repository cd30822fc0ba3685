using Microsoft.Extensions.Diagnostics.HealthChecks;
using PolaFormer.Pipelines;
using PolaFormer.Vision;

namespace PolaFormer.DependencyInjection;

/// <summary>Whether a classifier is loaded, computes, and has room for requests.</summary>
internal sealed class ClassifierHealthCheck(Func<BatchingClassifier> classifier) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            // Loading, at the first check, and a pass through the network take their time.
            return await Task.Run(() => Check(classifier()), cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            return new HealthCheckResult(context.Registration.FailureStatus, error.Message, error);
        }
    }

    private static HealthCheckResult Check(BatchingClassifier service)
    {
        var data = new Dictionary<string, object>
        {
            ["network"] = service.Classifier.Model.GetType().Name,
            ["classes"] = service.Classifier.Model.NumClasses,
            ["waiting"] = service.Waiting,
            ["capacity"] = service.Capacity,
        };
        if (service.Waiting >= service.Capacity)
            return HealthCheckResult.Degraded($"{service.Waiting} requests wait, and no more are taken.", data: data);
        using Image image = GreyImage.Of(service.Classifier.Transform.ImageSize);
        service.Classifier.Predict(image);
        return HealthCheckResult.Healthy(data: data);
    }
}
