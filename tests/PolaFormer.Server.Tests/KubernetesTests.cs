using k8s;
using k8s.Models;

namespace PolaFormer.Server.Tests;

/// <summary>The manifests, read as Kubernetes' own types: a field that these do not know is an error.</summary>
public class KubernetesTests
{
    private static readonly string s_folder = Path.Combine(Checkout.Root, "deploy", "kubernetes");

    private static V1Container Server => Read<V1Deployment>("deployment.yaml").Spec.Template.Spec.Containers.Single();

    [Fact]
    public void EveryManifestIsOneThatIsApplied()
    {
        string listed = File.ReadAllText(Path.Combine(s_folder, "kustomization.yaml"));
        string[] files = [.. Directory.EnumerateFiles(s_folder).Select(path => Path.GetFileName(path)).Except(["kustomization.yaml", "batch.yaml"])];
        Assert.All(files, file => Assert.Contains($"- {file}\n", listed, StringComparison.Ordinal));
        Read<V1PersistentVolumeClaim>("models.yaml");
    }

    [Fact]
    public void ProbesAskForAddressesOfTheServer()
    {
        Assert.Equal("/v2/health/live", Server.LivenessProbe.HttpGet.Path);
        Assert.All([Server.StartupProbe, Server.ReadinessProbe], probe => Assert.Equal("/v2/health/ready", probe.HttpGet.Path));
    }

    [Fact]
    public void TheContainerHasNoRightsAndAReadOnlyRoot()
    {
        V1PodSpec pod = Read<V1Deployment>("deployment.yaml").Spec.Template.Spec;
        Assert.True(pod.SecurityContext.RunAsNonRoot);
        Assert.True(Server.SecurityContext.ReadOnlyRootFilesystem);
        Assert.False(Server.SecurityContext.AllowPrivilegeEscalation);
        Assert.Equal(["ALL"], Server.SecurityContext.Capabilities.Drop);
        Assert.False(pod.AutomountServiceAccountToken);
    }

    [Fact]
    public void ReplicasFollowTheQueueAndADisruptionLeavesOne()
    {
        V2HorizontalPodAutoscaler scaler = Read<V2HorizontalPodAutoscaler>("autoscaler.yaml");
        V1Deployment deployment = Read<V1Deployment>("deployment.yaml");
        V1PodDisruptionBudget budget = Read<V1PodDisruptionBudget>("disruption.yaml");
        Assert.Equal(deployment.Metadata.Name, scaler.Spec.ScaleTargetRef.Name);
        Assert.Equal("polaformer_queue_depth", scaler.Spec.Metrics.Single().Pods.Metric.Name);
        Assert.Null(deployment.Spec.Replicas);
        Assert.Equal(deployment.Spec.Template.Metadata.Labels, budget.Spec.Selector.MatchLabels);
        Assert.Equal(deployment.Spec.Template.Metadata.Labels, Read<V1Service>("service.yaml").Spec.Selector);
    }

    [Fact]
    public void APodHasTimeToAnswerWhatItHas()
    {
        V1PodSpec pod = Read<V1Deployment>("deployment.yaml").Spec.Template.Spec;
        Assert.True(pod.TerminationGracePeriodSeconds > Server.Lifecycle.PreStop.Sleep.Seconds + new LimitOptions().DrainTime.TotalSeconds);
    }

    [Fact]
    public void ThePortsAreThoseOfTheContainerFile()
    {
        string file = File.ReadAllText(Path.Combine(Checkout.Root, "deploy", "Containerfile"));
        Assert.All(Server.Ports, port => Assert.Contains($"\"{port.ContainerPort}\"", file, StringComparison.Ordinal));
        Assert.Contains($"USER {Read<V1Deployment>("deployment.yaml").Spec.Template.Spec.SecurityContext.RunAsUser}", file, StringComparison.Ordinal);
    }

    [Fact]
    public void EveryIndexOfTheBatchHasItsShard()
    {
        V1Job job = Read<V1Job>("batch.yaml");
        Assert.Equal("Indexed", job.Spec.CompletionMode);
        Assert.Contains($"$(INDEX)/{job.Spec.Completions}", job.Spec.Template.Spec.Containers.Single().Command);
    }

    private static T Read<T>(string file) => KubernetesYaml.Deserialize<T>(File.ReadAllText(Path.Combine(s_folder, file)), strict: true);
}
