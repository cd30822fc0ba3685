using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging.Abstractions;
using PolaFormer.Checkpoints;
using PolaFormer.Server.Models;
using PolaFormer.Server.Repository;
using PolaFormer.Server.Scheduling;
using PolaFormer.Server.Telemetry;
using PolaFormer.Tensors;

namespace PolaFormer.Server.Tests;

public sealed class RepositoryTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory();
    private readonly ServerMeter _meter = new();

    public void Dispose()
    {
        _folder.Delete(recursive: true);
        _meter.Dispose();
    }

    [Fact]
    public async Task AModelIsSwappedWhileARequestHoldsIt()
    {
        string file = Write("net.safetensors", "1");
        ModelRepository repository = Made(file);
        await repository.LoadAllAsync();
        ModelLease before = repository.Acquire("net");
        File.WriteAllText(file, "2");
        await repository.LoadAsync("net");
        using ModelLease after = repository.Acquire("net");
        Assert.NotEqual(before.Model.Version, after.Model.Version);
        Assert.Equal(1, await Answer(before));
        Assert.Equal(2, await Answer(after));
        before.Dispose();
        await before.Model.Scheduler.Ended.WaitAsync(TestContext.Current.CancellationToken);
        Assert.False(after.Model.Scheduler.Ended.IsCompleted);
    }

    [Fact]
    public async Task TheMemoryOfASwappedModelIsGivenBack()
    {
        ModelRepository repository = Made(Write("net.safetensors", "1"));
        await repository.LoadAllAsync();
        WeakReference before = ModelOf(repository);
        await repository.LoadAsync("net");
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(TimeSpan.FromMinutes(1));

        // Nobody here collects: the repository does.
        while (before.IsAlive)
            await Task.Delay(10, patience.Token);
    }

    [Fact]
    public async Task AFileThatCannotBeServedLeavesTheModelBeforeItInPlace()
    {
        string file = Write("net.safetensors", "1");
        ModelRepository repository = Made(file);
        await repository.LoadAllAsync();
        File.WriteAllText(file, "broken");
        var error = await Assert.ThrowsAsync<ServingException>(() => repository.LoadAsync("net"));
        Assert.Equal(422, error.Status);
        Assert.DoesNotContain(_folder.FullName, error.Message, StringComparison.Ordinal);
        using ModelLease lease = repository.Acquire("net");
        Assert.Equal(1, await Answer(lease));
    }

    [Fact]
    public async Task AnUnloadedModelIsKnownAndDoesNotAnswer()
    {
        ModelRepository repository = Made(Write("net.safetensors", "1"));
        await repository.LoadAllAsync();
        await repository.UnloadAsync("net");
        Assert.Equal(503, Assert.Throws<ServingException>(() => repository.Acquire("net")).Status);
        Assert.Equal(404, Assert.Throws<ServingException>(() => repository.Acquire("other")).Status);
        Assert.Equal([new ModelStatus("net", "", ModelStatus.Unavailable, "unloaded")], repository.Index());
        await repository.LoadAsync("net");
        repository.Acquire("net").Dispose();
    }

    [Fact]
    public async Task ClosingAnswersWhatIsHeld()
    {
        ModelRepository repository = Made(Write("net.safetensors", "1"));
        await repository.LoadAllAsync();
        ModelLease lease = repository.Acquire(null);
        Task closing = repository.CloseAsync();
        Assert.Equal(1, await Answer(lease));
        Assert.False(closing.IsCompleted);
        lease.Dispose();
        await closing.WaitAsync(TestContext.Current.CancellationToken);
    }

    [Theory]
    [InlineData("../secret")]
    [InlineData("..")]
    [InlineData("a/b")]
    [InlineData("")]
    public async Task NothingOutsideOfTheFoldersIsEverOpened(string name)
    {
        DirectoryInfo models = _folder.CreateSubdirectory("models");
        File.WriteAllText(Path.Combine(models.FullName, "net.safetensors"), "1");
        Write("secret.safetensors", "1");
        ModelRepository repository = Made(new ModelCatalog([], [models.FullName]));
        Assert.Equal(404, (await Assert.ThrowsAsync<ServingException>(() => repository.LoadAsync(name))).Status);
    }

    [Fact]
    public void AFolderOffersItsCheckpointsAndNoLinksThatLeadOut()
    {
        DirectoryInfo models = _folder.CreateSubdirectory("models"), data = models.CreateSubdirectory("..data");
        File.WriteAllText(Path.Combine(models.FullName, "one.safetensors"), "1");
        File.WriteAllText(Path.Combine(models.FullName, "notes.txt"), "1");
        File.WriteAllText(Path.Combine(data.FullName, "mounted.pth"), "1");
        File.CreateSymbolicLink(Path.Combine(models.FullName, "mounted.pth"), Path.Combine("..data", "mounted.pth"));
        File.CreateSymbolicLink(Path.Combine(models.FullName, "outside.safetensors"), Write("outside.safetensors", "1"));
        Assert.Equal(["mounted", "one"], new ModelCatalog([], [models.FullName]).All.Select(source => source.Name));
    }

    [Fact]
    public async Task OneModelNeedsNoName()
    {
        Write("one.safetensors", "1");
        ModelRepository repository = Made(new ModelCatalog([], [_folder.FullName]));
        await repository.LoadAllAsync();
        using (ModelLease lease = repository.Acquire(null))
            Assert.Equal("one", lease.Model.Name);
        Write("two.safetensors", "2");
        await repository.LoadAsync("two");
        var error = Assert.Throws<ServingException>(() => repository.Acquire(null));
        Assert.Equal(400, error.Status);
        Assert.Contains("one, two", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SwappingUnderLoadFailsNoRequest()
    {
        const int swaps = 50;
        string file = Write("net.safetensors", "1");
        ModelRepository repository = Made(file);
        await repository.LoadAllAsync();
        using var done = new CancellationTokenSource();
        Task<int>[] clients = [.. Enumerable.Range(0, 4).Select(_ => Task.Run(() => Ask(repository, done.Token)))];
        for (int i = 0; i < swaps; i++)
        {
            File.WriteAllText(file, i % 2 == 0 ? "2" : "1");
            await repository.LoadAsync("net");
        }

        await done.CancelAsync();
        Assert.All(await Task.WhenAll(clients), count => Assert.True(count > 0));
    }

    // No variable of the test keeps the model.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference ModelOf(ModelRepository repository) => new(repository.Loaded.Single().Model);

    private static async Task<int> Ask(ModelRepository repository, CancellationToken done)
    {
        int count = 0;
        do
        {
            using ModelLease lease = repository.Acquire("net");
            Assert.InRange(await Answer(lease), 1, 2);
            count++;
        }
        while (!done.IsCancellationRequested);
        return count;
    }

    private static async Task<float> Answer(ModelLease lease)
    {
        using ModelScheduler.Admission admission = lease.Model.Scheduler.Admit(1);
        Answer answer = await lease.Model.Scheduler.Submit(new PixelValues([0]), 0, default);
        return ((ClassScores)answer.Result).Probabilities[0];
    }

    private ModelRepository Made(string file) => Made(new ModelCatalog([new ModelSource("net", file)], []));

    // The text of a file is added to what the model is given.
    private ModelRepository Made(ModelCatalog catalog) => new(catalog, new SchedulingOptions(), Device.Cpu, _meter, NullLogger<ModelRepository>.Instance,
        path => float.TryParse(File.ReadAllText(path), out float offset) ? new FakeModel(offset: offset) : throw new CheckpointException(path, "it is broken."));

    private string Write(string name, string text)
    {
        string path = Path.Combine(_folder.FullName, name);
        File.WriteAllText(path, text);
        return path;
    }
}
