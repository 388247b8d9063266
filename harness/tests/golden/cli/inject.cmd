run --inject 'forgte on=storage.objects.insert' 00-smoke
