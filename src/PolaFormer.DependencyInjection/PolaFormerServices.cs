using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using PolaFormer.Pipelines;

namespace PolaFormer.DependencyInjection;

/// <summary>Classifiers as services.</summary>
public static class PolaFormerServices
{
    /// <summary>
    /// Adds a classifier: <see cref="BatchingClassifier"/> for requests, and the <see cref="ImageClassifier"/> behind it. Both are singletons
    /// and may be used from all threads. A host loads the checkpoint when it starts, and does not start where that fails; without one it is
    /// loaded at the first use.
    /// </summary>
    /// <param name="services">Where to add it.</param>
    /// <param name="configure">Sets the options; null where they are configured elsewhere.</param>
    /// <example><code>
    /// builder.Services.AddPolaFormer(options =&gt; options.Checkpoint = "model.safetensors");
    /// builder.Services.AddHealthChecks().AddPolaFormer();
    /// app.MapPost("/classify", (HttpRequest request, BatchingClassifier classifier) =&gt; classifier.PredictAsync(request.Body, cancellation: request.HttpContext.RequestAborted));
    /// </code></example>
    public static IServiceCollection AddPolaFormer(this IServiceCollection services, Action<PolaFormerOptions>? configure = null)
    {
        AddOptions(services, Options.DefaultName, configure);
        services.TryAddSingleton(provider => LoadedClassifier.Load(provider, Options.DefaultName));
        services.TryAddSingleton(provider => LoadedClassifier.Batching(provider, Options.DefaultName, provider.GetRequiredService<ImageClassifier>()));
        return services.AddSingleton<IHostedService>(provider => new ClassifierStart(provider.GetRequiredService<BatchingClassifier>));
    }

    /// <summary>Adds a classifier under a name, by which its services are keyed: <c>[FromKeyedServices("plants")] BatchingClassifier plants</c>.</summary>
    /// <inheritdoc cref="AddPolaFormer(IServiceCollection, Action{PolaFormerOptions})"/>
    /// <param name="services">Where to add it.</param>
    /// <param name="name">Key of the services, and name of the options.</param>
    /// <param name="configure">Sets the options; null where they are configured elsewhere.</param>
    public static IServiceCollection AddPolaFormer(this IServiceCollection services, string name, Action<PolaFormerOptions>? configure = null)
    {
        AddOptions(services, name, configure);
        services.TryAddKeyedSingleton(name, (provider, _) => LoadedClassifier.Load(provider, name));
        services.TryAddKeyedSingleton(name, (provider, _) => LoadedClassifier.Batching(provider, name, provider.GetRequiredKeyedService<ImageClassifier>(name)));
        return services.AddSingleton<IHostedService>(provider => new ClassifierStart(() => provider.GetRequiredKeyedService<BatchingClassifier>(name)));
    }

    /// <summary>
    /// Adds the check of a classifier: unhealthy where it cannot be loaded or gives no finite answer to a grey image, degraded while as many
    /// requests wait as may.
    /// </summary>
    /// <param name="builder">Where to add it.</param>
    /// <param name="name">The classifier's name; null for the one without.</param>
    /// <param name="tags">Tags of the check.</param>
    public static IHealthChecksBuilder AddPolaFormer(this IHealthChecksBuilder builder, string? name = null, IEnumerable<string>? tags = null) =>
        builder.Add(new HealthCheckRegistration(
            name is null ? "polaformer" : $"polaformer-{name}",
            provider => new ClassifierHealthCheck(() => name is null ? provider.GetRequiredService<BatchingClassifier>() : provider.GetRequiredKeyedService<BatchingClassifier>(name)),
            failureStatus: null,
            tags));

    private static void AddOptions(IServiceCollection services, string name, Action<PolaFormerOptions>? configure)
    {
        OptionsBuilder<PolaFormerOptions> options = services.AddOptions<PolaFormerOptions>(name);
        if (configure is not null)
            options.Configure(configure);
        options.ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<PolaFormerOptions>, PolaFormerOptionsValidation>());
    }
}
